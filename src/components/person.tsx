/** Who did something, and when. */

import React from 'react';

import { formatWhen } from './format';
import { MiddleCut } from './words';

/** Whether it is a name: who is not logged in has a long number in Jupyter. */
export function isName(name: string): boolean {
  return name !== '' && !/^[0-9a-f]{32}$/.test(name);
}

/** A name with its first letter before it; of a number only the beginning, as of a digest. */
export function Person(props: { name: string }): JSX.Element {
  const { name } = props;
  const named = isName(name);
  const [first = '?'] = named ? name : '?';
  return (
    <span className="jp-ModelpackPanel-person" title={name}>
      <span className="jp-ModelpackPanel-face" aria-hidden="true">
        {first.toUpperCase()}
      </span>
      {named ? <MiddleCut text={name} /> : `${name.slice(0, 6)}…`}
    </span>
  );
}

/** A moment in few words, with all of it on hover. */
export function When(props: { at: string }): JSX.Element {
  const moment = new Date(props.at);
  const whole = Number.isNaN(moment.getTime())
    ? props.at
    : moment.toLocaleString();
  return (
    <time dateTime={props.at} title={whole}>
      {formatWhen(props.at)}
    </time>
  );
}
