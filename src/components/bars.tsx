/** Bars: how far something is, and what something is made of. */

import React from 'react';

/** A progress bar; without a value it says only that something goes on. */
export function ProgressBar(props: {
  label: string;
  value: number | null;
}): JSX.Element {
  const { value } = props;
  const percent =
    value === null
      ? undefined
      : Math.round(100 * Math.min(1, Math.max(0, value)));
  return (
    <div
      className={`jp-ModelpackPanel-bar${percent === undefined ? ' jp-mod-unknown' : ''}`}
      role="progressbar"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div style={percent === undefined ? {} : { width: `${percent}%` }} />
    </div>
  );
}

export interface IPart {
  label: string;
  size: number;
  text: string;
  own: boolean;
}

/** How many hues the style sheet has; the author's own part has its own. */
const HUES = 6;

export function hueOf(part: IPart, index: number): string {
  return `jp-ModelpackPanel-hue-${part.own ? 'own' : (index % HUES) + 1}`;
}

/** One bar of all parts by size; the legend beside it says what they are. */
export function SizeBar(props: { label: string; parts: IPart[] }): JSX.Element {
  return (
    <div
      className="jp-ModelpackPanel-sizes"
      role="img"
      aria-label={props.label}
    >
      {props.parts.map((part, index) => (
        <div
          key={index}
          className={hueOf(part, index)}
          style={{ flexGrow: Math.max(part.size, 1) }}
          title={`${part.label}: ${part.text}`}
        />
      ))}
    </div>
  );
}

export function SizeLegend(props: { parts: IPart[] }): JSX.Element {
  return (
    <ul className="jp-ModelpackPanel-legend">
      {props.parts.map((part, index) => (
        <li key={index} className="jp-ModelpackPanel-row">
          <span
            className={`jp-ModelpackPanel-swatch ${hueOf(part, index)}`}
            aria-hidden="true"
          />
          <span
            className={`jp-ModelpackPanel-grow${part.own ? ' jp-mod-bold' : ''}`}
          >
            {part.label}
          </span>
          <span className="jp-ModelpackPanel-dim">{part.text}</span>
        </li>
      ))}
    </ul>
  );
}
