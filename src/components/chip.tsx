/** Small rounded labels, and the one that jumps to a cell. */

import React from 'react';

import { Mark, MarkKind } from './mark';

export function Chip(props: {
  mark?: MarkKind;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <span className="jp-ModelpackPanel-chip">
      {props.mark && <Mark kind={props.mark} />}
      {props.children}
    </span>
  );
}

/** A button that scrolls to a cell and selects it. */
export function CellChip(props: {
  cell: number;
  text: string;
  label: string;
  onReveal: (cell: number) => void;
}): JSX.Element {
  return (
    <button
      type="button"
      className="jp-ModelpackPanel-cell"
      aria-label={props.label}
      title={props.label}
      onClick={() => props.onReveal(props.cell)}
    >
      {props.text}
    </button>
  );
}
