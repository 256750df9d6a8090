/** A few plain words where something else would be: nothing to show, or what went wrong. */

import React from 'react';

import { LinkButton } from './buttons';
import { Mark } from './mark';
import { Sentence } from './words';

/** What went wrong, what to do, and perhaps a way to try again. */
export function Trouble(props: {
  message: string;
  advice: string;
  retry?: string;
  onRetry?: () => void;
}): JSX.Element {
  return (
    <div className="jp-ModelpackPanel-line" role="alert">
      <Mark kind="bad" />
      <div className="jp-ModelpackPanel-grow">
        <Sentence text={props.message} />
        {props.advice && (
          <div className="jp-ModelpackPanel-advice">
            <Sentence text={props.advice} />
          </div>
        )}
        {props.retry && props.onRetry && (
          <div>
            <LinkButton onClick={props.onRetry}>{props.retry}</LinkButton>
          </div>
        )}
      </div>
    </div>
  );
}

/** An empty state: a title, a sentence, and perhaps a command to type. */
export function Emptiness(props: {
  title: string;
  sentence: string;
  command?: string;
  children?: React.ReactNode;
}): JSX.Element {
  return (
    <div className="jp-ModelpackPanel-empty">
      <h2 className="jp-ModelpackPanel-emptyTitle">{props.title}</h2>
      <p>
        <Sentence text={props.sentence} />
      </p>
      {props.command && <pre tabIndex={0}>{props.command}</pre>}
      {props.children}
    </div>
  );
}
