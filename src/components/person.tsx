/** Who did something, and when. */

import React from 'react';

import { formatWhen } from './format';
import { MiddleCut } from './words';

/** A name with its first letter before it. */
export function Person(props: { name: string }): JSX.Element {
  const [first = '?'] = props.name;
  return (
    <span className="jp-ModelpackPanel-person">
      <span className="jp-ModelpackPanel-face" aria-hidden="true">
        {first.toUpperCase()}
      </span>
      <MiddleCut text={props.name} />
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
