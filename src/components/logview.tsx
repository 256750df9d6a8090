/** The text of a log as it comes, kept at its end unless its reader has scrolled up. */

import React, { useEffect, useMemo, useRef } from 'react';

import { ansiPieces } from './ansi';

export function LogView(props: {
  label: string;
  text: string;
  /** What is shown before the first piece, and when the beginning was dropped. */
  note: string;
  /** Told that the log is looked at, and when it is no longer. */
  onLook: (looking: boolean) => void;
}): JSX.Element {
  const { text, onLook } = props;
  const node = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  const pieces = useMemo(() => ansiPieces(text), [text]);
  useEffect(() => {
    onLook(true);
    return () => onLook(false);
    // A new reader of the same log is not a new look at it.
  }, []);
  useEffect(() => {
    if (node.current && atEnd.current) {
      node.current.scrollTop = node.current.scrollHeight;
    }
  }, [text]);
  return (
    <pre
      ref={node}
      className="jp-ModelpackPanel-log"
      role="log"
      aria-label={props.label}
      // Scrollable content has to be reachable by keyboard (WCAG 2.1.1).
      tabIndex={0}
      onScroll={({ currentTarget: log }) => {
        atEnd.current =
          log.scrollHeight - log.scrollTop - log.clientHeight < 24;
      }}
    >
      {props.note && (
        <span className="jp-ModelpackPanel-dim">{`${props.note}\n`}</span>
      )}
      {pieces.map((piece, index) => (
        <span key={index} className={piece.className || undefined}>
          {piece.text}
        </span>
      ))}
    </pre>
  );
}
