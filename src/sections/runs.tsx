/** The runs of a package: how each goes, what it measured and wrote, its log and its notebook. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import { ProgressBar } from '../components/bars';
import { LinkButton, QuietButton } from '../components/buttons';
import {
  formatSeconds,
  formatSize,
  formatValue,
  formatWhen,
  secondsBetween
} from '../components/format';
import { Mark, MarkKind } from '../components/mark';
import { Trouble } from '../components/notice';
import { Disclosure } from '../components/section';
import { MiddleCut, Sentence } from '../components/words';
import { IPipelineStep, IRun, isOver } from '../tokens';
import { CellLink } from './findings';
import { InputsRead } from './inputs';
import { ILog, LogOf } from './packaging';
import { backendWord, phaseMark, phaseWord, problemWords } from './phases';
import { PipelineGraph } from './pipeline';
import { stepsIn } from './progress';
import { Metrics } from './result';

export interface IRunsProps {
  runs: IRun[];
  /** The pipeline of the package, of which a run knows the phases. */
  steps: IPipelineStep[];
  trans: TranslationBundle;
  logOf: (id: string) => ILog;
  onLook: (id: string, looking: boolean) => void;
  onStop: (id: string) => void;
  onAgain: (run: IRun) => void;
  onOpenNotebook: (run: IRun) => void;
  onReveal: (cell: number) => void;
}

export function Runs(props: IRunsProps): JSX.Element | null {
  const { runs, trans } = props;
  return runs.length === 0 ? null : (
    <div className="jp-ModelpackPanel-runs">
      <h4 className="jp-ModelpackPanel-title">{trans.__('Runs')}</h4>
      <ul className="jp-ModelpackPanel-list">
        {runs.map((run, index) => (
          <RunLine key={run.id} {...props} run={run} newest={index === 0} />
        ))}
      </ul>
    </div>
  );
}

function RunLine(
  props: IRunsProps & { run: IRun; newest: boolean }
): JSX.Element {
  const { run, trans } = props;
  const over = isOver(run.phase);
  const seconds = secondsBetween(run.started, run.finished);
  const values = Object.entries(run.parameters);
  const steps = stepsIn(props.steps, run);
  const { link = '', ...named } = run.place;
  const place = Object.entries(named)
    .map(([what, name]) => `${what} ${name}`)
    .join(', ');
  return (
    <li className="jp-ModelpackPanel-line">
      <Mark kind={markOf(run)} label={wordOf(run, trans)} />
      <div className="jp-ModelpackPanel-grow">
        <div className="jp-ModelpackPanel-row">
          <span className="jp-ModelpackPanel-grow">
            {formatWhen(run.created)}
            <span className="jp-ModelpackPanel-dim">
              {over && seconds !== null
                ? ` ${formatSeconds(seconds, trans)}`
                : ` ${wordOf(run, trans)}`}
              {run.backend !== 'local' &&
                `, ${backendWord(run.backend, trans)}`}
            </span>
          </span>
          {!over && (
            <QuietButton
              label={trans.__('Stop the run of %1', formatWhen(run.created))}
              onClick={() => props.onStop(run.id)}
            >
              {trans.__('Stop')}
            </QuietButton>
          )}
        </div>
        {(place || link) && (
          <div className="jp-ModelpackPanel-advice">
            {place}{' '}
            {/^https?:/.test(link) && (
              <a
                className="jp-ModelpackPanel-link"
                href={link}
                target="_blank"
                rel="noopener noreferrer"
              >
                {trans.__('Open it there')}
              </a>
            )}
          </div>
        )}
        {values.length > 0 && (
          <div className="jp-ModelpackPanel-advice">
            {values
              .map(([name, value]) => `${name} = ${formatValue(value)}`)
              .join(', ')}
          </div>
        )}
        {run.phase === 'Running' && run.cell !== null && run.cells !== null && (
          <>
            <ProgressBar
              label={trans.__('Cells that have run')}
              value={run.cells ? (run.cell - 1) / run.cells : null}
            />
            <div className="jp-ModelpackPanel-advice">
              {trans.__('cell %1 of %2', String(run.cell), String(run.cells))}
            </div>
          </>
        )}
        <Happenings {...props} />
        {steps.length > 1 && (
          // What was open stays open when it ends, so that nothing moves under its reader.
          <Disclosure label={trans.__('Steps')} open={!over || props.newest}>
            <PipelineGraph
              steps={steps}
              trans={trans}
              onReveal={props.onReveal}
            />
          </Disclosure>
        )}
        {Object.keys(run.metrics).length > 0 && (
          <Metrics values={run.metrics} />
        )}
        <InputsRead
          inputs={run.inputs}
          changed={run.data_changed}
          trans={trans}
        />
        <Outcome {...props} />
        <Disclosure label={trans.__('Log')}>
          <LogOf
            log={props.logOf(run.id)}
            label={trans.__('Log of the run of %1', formatWhen(run.created))}
            running={!over}
            trans={trans}
            onLook={looking => props.onLook(run.id, looking)}
          />
        </Disclosure>
      </div>
    </li>
  );
}

/** A run that nobody can see is neither running nor over, as far as anybody knows. */
function isUnknown(run: IRun): boolean {
  return run.unknown_since !== null && !isOver(run.phase);
}

function markOf(run: IRun): MarkKind {
  return isUnknown(run) ? 'unknown' : phaseMark(run.phase);
}

function wordOf(run: IRun, trans: TranslationBundle): string {
  return isUnknown(run) && run.unknown_since
    ? trans.__('unknown since %1', formatWhen(run.unknown_since))
    : phaseWord(run.phase, trans);
}

/** How many events are shown before their reader asks for the rest. */
const SHOWN = 3;

/** What happened to the run where it is; the newest last, as in a log. */
function Happenings(props: IRunsProps & { run: IRun }): JSX.Element | null {
  const { run, trans } = props;
  const [all, setAll] = useState(false);
  const shown = all ? run.events : run.events.slice(-SHOWN);
  return (
    <>
      {isUnknown(run) && (
        <div className="jp-ModelpackPanel-advice">
          {trans.__(
            '%1 does not answer. The run may well go on; nothing is started twice.',
            backendWord(run.backend, trans)
          )}
        </div>
      )}
      {shown.length < run.events.length && (
        <LinkButton onClick={() => setAll(true)}>
          {trans._n(
            'Show %1 earlier event',
            'Show %1 earlier events',
            run.events.length - shown.length
          )}
        </LinkButton>
      )}
      {shown.length > 0 && (
        <ul
          className="jp-ModelpackPanel-list"
          aria-label={trans.__('What happened to the run')}
        >
          {shown.map((event, index) => (
            <li key={index} className="jp-ModelpackPanel-advice">
              {event.at && `${formatWhen(event.at)} `}
              <Sentence text={event.sentence} />{' '}
              {event.advice && <Sentence text={event.advice} />}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** What went wrong, which checks failed, what was written, and the notebook as it ran. */
function Outcome(props: IRunsProps & { run: IRun }): JSX.Element {
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
      {run.outputs.length > 0 && (
        <ul
          className="jp-ModelpackPanel-rows"
          aria-label={trans.__('Files that the run wrote')}
        >
          {run.outputs.map(file => (
            <li key={file.path} className="jp-ModelpackPanel-row">
              <MiddleCut text={file.path} />
              <span className="jp-ModelpackPanel-note">
                {formatSize(file.size)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {isOver(run.phase) && (
        <div className="jp-ModelpackPanel-links">
          <LinkButton onClick={() => props.onOpenNotebook(run)}>
            {trans.__('Open the notebook as it ran')}
          </LinkButton>
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
