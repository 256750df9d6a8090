/** The small sign before a line: what happened, by shape as well as by colour. */

import React from 'react';

export type MarkKind =
  | 'ok'
  | 'bad'
  | 'warn'
  | 'note'
  | 'running'
  | 'waiting'
  | 'stopped'
  | 'skipped'
  | 'unknown';

const SHAPES: Record<MarkKind, JSX.Element> = {
  ok: <path d="M2.5 7.5 5.5 10.5 11.5 3.5" />,
  bad: <path d="M3 3 11 11M11 3 3 11" />,
  warn: <path className="jp-mod-solid" d="M7 2 13 12.5H1Z" />,
  note: <circle cx="7" cy="7" r="4.5" />,
  running: <path d="M7 2a5 5 0 1 1-5 5" />,
  waiting: <circle className="jp-mod-solid" cx="7" cy="7" r="1.4" />,
  stopped: <path className="jp-mod-solid" d="M3.5 3.5h7v7h-7Z" />,
  skipped: <path d="M3.5 7h7" />,
  unknown: (
    <>
      <path d="M4.5 5a2.5 2.5 0 1 1 3.4 2.4c-.6.3-.9.7-.9 1.3" />
      <circle className="jp-mod-solid" cx="7" cy="11.4" r=".8" />
    </>
  )
};

/** The shape alone, for drawings. */
export function MarkShape(props: { kind: MarkKind }): JSX.Element {
  return SHAPES[props.kind];
}

/** `label` is what a screen reader says in its place. */
export function Mark(props: { kind: MarkKind; label?: string }): JSX.Element {
  return (
    <span className={`jp-ModelpackPanel-mark jp-mod-${props.kind}`}>
      <svg viewBox="0 0 14 14" aria-hidden="true" focusable="false">
        {SHAPES[props.kind]}
      </svg>
      {props.label && (
        <span className="jp-ModelpackPanel-unseen">{props.label}</span>
      )}
    </span>
  );
}
