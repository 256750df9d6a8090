/** Packaging: the steps of a build as they are taken, with their times, Stop and the log. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useState } from 'react';

import { ProgressBar } from '../components/bars';
import { QuietButton } from '../components/buttons';
import { formatSeconds, secondsBetween } from '../components/format';
import { LogView } from '../components/logview';
import { Mark } from '../components/mark';
import { Trouble } from '../components/notice';
import { Disclosure, Section } from '../components/section';
import { Sentence } from '../components/words';
import { IBuild, IProblem, isOver, IStep } from '../tokens';
import { countBlocking } from './findings';
import { phaseMark, phaseWord, problemWords, stepTitle } from './phases';

/** What the panel knows of a log. */
export interface ILog {
  text: string;
  cut: boolean;
  problem: IProblem | null;
}

export interface IPackagingProps {
  build: IBuild;
  log: ILog | null;
  stopping: boolean;
  trans: TranslationBundle;
  onStop: () => void;
  onLook: (looking: boolean) => void;
}

export function Packaging(props: IPackagingProps): JSX.Element {
  const { build, trans } = props;
  const over = isOver(build.phase);
  const steps = (
    <>
      {build.steps.length === 0 && !over && (
        <p className="jp-ModelpackPanel-advice">
          {trans.__('Waiting for its turn.')}
        </p>
      )}
      <ol className="jp-ModelpackPanel-list">
        {build.steps.map(step => (
          <StepLine key={step.name} step={step} trans={trans} />
        ))}
      </ol>
      <Disclosure label={trans.__('Log')}>
        <LogOf
          {...props}
          running={!over}
          label={trans.__('Log of packaging')}
        />
      </Disclosure>
    </>
  );
  return (
    <Section title={trans.__('Packaging')} aside={<Aside {...props} />}>
      {build.error && <Reason {...props} error={build.error} />}
      {build.phase === 'Succeeded' ? (
        <Disclosure label={trans.__('Steps and log')}>{steps}</Disclosure>
      ) : (
        steps
      )}
    </Section>
  );
}

function Aside(props: IPackagingProps): JSX.Element {
  const { build, trans } = props;
  if (!isOver(build.phase)) {
    return (
      <QuietButton
        disabled={props.stopping}
        label={trans.__('Stop packaging')}
        onClick={props.onStop}
      >
        {props.stopping ? trans.__('Stopping…') : trans.__('Stop')}
      </QuietButton>
    );
  }
  const seconds = secondsBetween(build.started, build.finished);
  return (
    <span className="jp-ModelpackPanel-time">
      {phaseWord(build.phase, trans)}
      {seconds !== null && `, ${formatSeconds(seconds, trans)}`}
    </span>
  );
}

/** Why it was not packaged; what the findings already say is not said again. */
function Reason(props: IPackagingProps & { error: IProblem }): JSX.Element {
  const { build, error, trans } = props;
  const blocking = countBlocking(build.findings);
  return blocking > 0 && error.code === 'GATE_NOT_SATISFIED' ? (
    <Trouble
      message={trans._n(
        'Not packaged: %1 thing above stops it.',
        'Not packaged: %1 things above stop it.',
        blocking
      )}
      advice=""
    />
  ) : (
    <Trouble {...problemWords(error, trans)} />
  );
}

function StepLine(props: {
  step: IStep;
  trans: TranslationBundle;
}): JSX.Element {
  const { step, trans } = props;
  const running = step.phase === 'Running';
  const elapsed = useElapsed(running);
  const seconds = step.seconds ?? (running ? elapsed : null);
  const title = stepTitle(step, trans);
  return (
    <li
      className="jp-ModelpackPanel-step"
      aria-current={running ? 'step' : undefined}
    >
      <Mark kind={phaseMark(step.phase)} label={phaseWord(step.phase, trans)} />
      <span
        className={
          step.phase === 'Pending' || step.phase === 'Skipped'
            ? 'jp-ModelpackPanel-dim'
            : undefined
        }
      >
        {title}
      </span>
      <span className="jp-ModelpackPanel-time">
        {seconds !== null && step.phase !== 'Skipped'
          ? formatSeconds(seconds, trans)
          : ''}
      </span>
      {running && <ProgressBar label={title} value={step.progress} />}
      {step.detail && (
        <span className="jp-ModelpackPanel-detail">
          <Sentence text={step.detail} />
        </span>
      )}
    </li>
  );
}

/** Whole seconds since this step was first seen running, for servers that tell times only at its end. */
function useElapsed(running: boolean): number | null {
  const [elapsed, setElapsed] = useState<number | null>(null);
  useEffect(() => {
    if (!running) {
      return;
    }
    const start = Date.now();
    const timer = window.setInterval(
      () => setElapsed(Math.round((Date.now() - start) / 1000)),
      1000
    );
    return () => window.clearInterval(timer);
  }, [running]);
  return elapsed;
}

/** A log with the words around it. */
export function LogOf(props: {
  log: ILog | null;
  label: string;
  running: boolean;
  trans: TranslationBundle;
  onLook: (looking: boolean) => void;
}): JSX.Element {
  const { log, trans } = props;
  return (
    <>
      {log?.problem && <Trouble {...problemWords(log.problem, trans)} />}
      <LogView
        label={props.label}
        text={log?.text ?? ''}
        note={
          log?.cut
            ? trans.__('The beginning of this long log is left out.')
            : log?.text
              ? ''
              : props.running
                ? trans.__('Nothing yet.')
                : trans.__('Nothing was written.')
        }
        onLook={props.onLook}
      />
    </>
  );
}
