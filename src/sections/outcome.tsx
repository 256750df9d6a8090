/** How a run ended: what went wrong, what it wrote, and what can be done next. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { LinkButton } from '../components/buttons';
import { formatWhen } from '../components/format';
import { Mark } from '../components/mark';
import { Trouble } from '../components/notice';
import { Sentence } from '../components/words';
import { IRun, isOver } from '../tokens';
import { CellLink } from './findings';
import { problemWords } from './phases';
import { Written } from './written';

export interface IOutcomeProps {
  run: IRun;
  /** Whether it can go on from the steps that failed. */
  retries: boolean;
  trans: TranslationBundle;
  onAgain: (run: IRun) => void;
  onRetry: (run: IRun) => void;
  onOpenNotebook: (run: IRun) => void;
  onReveal: (cell: number) => void;
  /** Where a file that it wrote can be had. */
  hrefOf: (run: IRun, path: string) => string;
}

/** What went wrong, which checks failed, what was written, and the notebook as it ran. */
export function Outcome(props: IOutcomeProps): JSX.Element {
  const { run, trans } = props;
  return (
    <>
      {run.error && <Trouble {...problemWords(run.error, trans)} />}
      {run.checks
        .filter(check => !check.passed)
        .map((check, index) => (
          <div key={index} className="jp-ModelpackPanel-line">
            <Mark kind="bad" label={trans.__('Check failed:')} />
            <span className="jp-ModelpackPanel-grow">
              <Sentence text={check.message || trans.__('A check failed.')} />
            </span>
            <CellLink
              cell={check.cell}
              trans={trans}
              onReveal={props.onReveal}
            />
          </div>
        ))}
      <Written run={run} trans={trans} hrefOf={props.hrefOf} />
      {isOver(run.phase) && (
        <div className="jp-ModelpackPanel-links">
          {run.backend !== 'kubeflow' && (
            <LinkButton onClick={() => props.onOpenNotebook(run)}>
              {trans.__('Open the notebook as it ran')}
            </LinkButton>
          )}
          {props.retries && (
            <LinkButton
              label={trans.__(
                'Go on with the run of %1 from the steps that failed',
                formatWhen(run.created)
              )}
              onClick={() => props.onRetry(run)}
            >
              {trans.__('Retry')}
            </LinkButton>
          )}
          <LinkButton
            label={trans.__('Run %1 again', formatWhen(run.created))}
            onClick={() => props.onAgain(run)}
          >
            {trans.__('Run again')}
          </LinkButton>
        </div>
      )}
    </>
  );
}
