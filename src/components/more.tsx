/** Long lists, of which a few are drawn and then some more at a time: a panel opens at once on any number. */

import React, { useState } from 'react';

import { LinkButton } from './buttons';

/** How many more are drawn each time that they are asked for. */
const STEP = 50;

/** The first of many, and how to show more of them. */
export function useFirst<T>(
  all: readonly T[],
  first: number
): { shown: T[]; rest: number; more: () => void } {
  const [count, setCount] = useState(first);
  return {
    shown: all.slice(0, count),
    rest: Math.max(0, all.length - count),
    more: () => setCount(count + STEP)
  };
}

/** The link that shows more, or reads on where all that is known is shown; nothing at the end. */
export function More(props: {
  rest: number;
  /** The words for how many there are still. */
  words: (rest: number) => string;
  onMore: () => void;
  /** The words for reading on, where there is more than what is known. */
  older?: string | null;
  onOlder?: () => void;
}): JSX.Element | null {
  const { older, rest } = props;
  if (rest > 0) {
    return (
      <div>
        <LinkButton onClick={props.onMore}>{props.words(rest)}</LinkButton>
      </div>
    );
  }
  const readOn = (): void => {
    props.onMore(); // or what is read would not be drawn
    props.onOlder?.();
  };
  return older ? (
    <div>
      <LinkButton onClick={readOn}>{older}</LinkButton>
    </div>
  ) : null;
}
