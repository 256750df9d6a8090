/** The runs of a package: how each goes, what it measured and wrote, its log and its notebook. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import { ProgressBar } from '../components/bars';
import { AwayLink, LinkButton, QuietButton } from '../components/buttons';
import {
  formatSeconds,
  formatValue,
  formatWhen,
  secondsBetween
} from '../components/format';
import { Mark, MarkKind } from '../components/mark';
import { Trouble } from '../components/notice';
import { Disclosure } from '../components/section';
import { Sentence } from '../components/words';
import { IPipelineStep, IProblem, IRun, isOver } from '../tokens';
import { InputsRead } from './inputs';
import { ILog, LogOf } from './packaging';
import { StepsMade } from './made';
import { Outcome } from './outcome';
import { backendWord, phaseMark, phaseWord, problemWords } from './phases';
import { PipelineGraph } from './pipeline';
import { stepsIn } from './progress';
import { Metrics } from './result';

export interface IRunsProps {
  runs: IRun[];
  /** What went wrong when they were read, or when something was asked of one. */
  problem: IProblem | null;
  /** The pipeline of the package, of which a run knows the phases. */
  steps: IPipelineStep[];
  trans: TranslationBundle;
  logOf: (id: string) => ILog;
  onLook: (id: string, looking: boolean) => void;
  onStop: (id: string) => void;
  onAgain: (run: IRun) => void;
  /** Go on with a failed run from the steps that failed. */
  onRetry: (run: IRun) => void;
  onOpenNotebook: (run: IRun) => void;
  /** Where a file that a run wrote can be had. */
  hrefOf: (run: IRun, path: string) => string;
  onReveal: (cell: number) => void;
}

export function Runs(props: IRunsProps): JSX.Element | null {
  const { problem, runs, trans } = props;
  return runs.length === 0 && problem === null ? null : (
    <div className="jp-ModelpackPanel-runs">
      <h4 className="jp-ModelpackPanel-title">{trans.__('Runs')}</h4>
      {problem && <Trouble {...problemWords(problem, trans)} />}
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
              <AwayLink
                href={link}
                title={trans.__(
                  'Its page in %1',
                  backendWord(run.backend, trans)
                )}
              >
                {trans.__('Open it there')}
              </AwayLink>
            )}
          </div>
        )}
        {run.retries !== null && (
          <div className="jp-ModelpackPanel-advice">
            {trans.__('Goes on from the steps that had failed.')}
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
        {steps.length > 1 ? (
          // What was open stays open when it ends, so that nothing moves under its reader.
          <Disclosure label={trans.__('Steps')} open={!over || props.newest}>
            <PipelineGraph
              steps={steps}
              trans={trans}
              onReveal={props.onReveal}
            />
            <StepsMade steps={run.steps} trans={trans} />
          </Disclosure>
        ) : (
          <StepsMade steps={run.steps} trans={trans} />
        )}
        {Object.keys(run.metrics).length > 0 && (
          <Metrics values={run.metrics} />
        )}
        <InputsRead
          inputs={run.inputs}
          changed={run.data_changed}
          trans={trans}
        />
        <Outcome {...props} retries={retries(run, props.runs)} />
        {run.backend !== 'kubeflow' && (
          // Kubeflow keeps logs and notebooks on the pages that are linked above.
          <Disclosure label={trans.__('Log')}>
            <LogOf
              log={props.logOf(run.id)}
              label={trans.__('Log of the run of %1', formatWhen(run.created))}
              running={!over}
              trans={trans}
              onLook={looking => props.onLook(run.id, looking)}
            />
          </Disclosure>
        )}
      </div>
    </li>
  );
}

/** Kubeflow goes on with a failed run, unless it does so already. */
function retries(run: IRun, runs: IRun[]): boolean {
  const there = run.place.run;
  const later = runs.slice(0, runs.indexOf(run));
  return (
    run.backend === 'kubeflow' &&
    run.phase === 'Failed' &&
    there !== undefined &&
    !later.some(each => each.retries === there)
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
