/** Text that fits: names cut in the middle, and sentences whose `backquoted` words are code. */

import React from 'react';

/** How many characters of the end of a long name always stay. */
const TAIL = 10;

/** A name that is cut in its middle where it does not fit, with the whole of it on hover. */
export function MiddleCut(props: { text: string }): JSX.Element {
  const { text } = props;
  if (text.length <= 2 * TAIL) {
    return (
      <span className="jp-ModelpackPanel-cut" title={text}>
        <span className="jp-ModelpackPanel-cutHead">{text}</span>
      </span>
    );
  }
  // The two halves would be read as two words, so the whole is there for screen readers.
  const at = text.length - TAIL;
  return (
    <span className="jp-ModelpackPanel-cut" title={text}>
      <span className="jp-ModelpackPanel-unseen">{text}</span>
      <span className="jp-ModelpackPanel-cutHead" aria-hidden="true">
        {text.slice(0, at)}
      </span>
      <span aria-hidden="true">{text.slice(at)}</span>
    </span>
  );
}

/** A sentence of the server: plain text in which `backquotes` mark code. */
export function Sentence(props: { text: string }): JSX.Element {
  const parts = props.text.split('`');
  // A lone backquote marks nothing.
  if (parts.length % 2 === 0) {
    return <>{props.text}</>;
  }
  return (
    <>
      {parts.map((part, index) =>
        index % 2 ? <code key={index}>{part}</code> : part
      )}
    </>
  );
}

/** A sentence in which version numbers stand out. */
export function Versions(props: { text: string }): JSX.Element {
  const parts = props.text.split(/(\b\d+\.\d+\.\d+(?:-[\w.-]*\w)?)/);
  return (
    <>
      {parts.map((part, index) =>
        index % 2 ? <strong key={index}>{part}</strong> : part
      )}
    </>
  );
}
