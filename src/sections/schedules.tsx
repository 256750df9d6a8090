/** The schedules of a package at Kubeflow: when each runs next, on or off, and how to delete one. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useRef, useState } from 'react';

import { AwayLink, LinkButton, QuietButton } from '../components/buttons';
import { formatValue, formatWhen } from '../components/format';
import { Mark } from '../components/mark';
import { Trouble } from '../components/notice';
import { Switch } from '../components/switch';
import { Sentence } from '../components/words';
import { IProblem, ISchedule } from '../tokens';
import { problemWords } from './phases';
import { planWords } from './plan';

export interface ISchedulesProps {
  schedules: ISchedule[];
  problem: IProblem | null;
  busy: boolean;
  trans: TranslationBundle;
  onRefresh: () => void;
  onEnable: (id: string, enabled: boolean) => void;
  onRemove: (id: string) => void;
}

export function Schedules(props: ISchedulesProps): JSX.Element | null {
  const { problem, schedules, trans } = props;
  const title = useRef<HTMLHeadingElement>(null);
  if (schedules.length === 0 && problem === null) {
    return null;
  }
  return (
    <div className="jp-ModelpackPanel-runs">
      <h4 ref={title} tabIndex={-1} className="jp-ModelpackPanel-title">
        {trans.__('Schedules')}
      </h4>
      {problem && (
        <Trouble
          {...problemWords(problem, trans)}
          retry={trans.__('Look again')}
          onRetry={props.onRefresh}
        />
      )}
      <ul className="jp-ModelpackPanel-list">
        {schedules.map(each => (
          <ScheduleLine
            key={each.id}
            {...props}
            schedule={each}
            // The button that was pressed goes with its line.
            onRemove={id => {
              title.current?.focus();
              props.onRemove(id);
            }}
          />
        ))}
      </ul>
    </div>
  );
}

function ScheduleLine(
  props: ISchedulesProps & { schedule: ISchedule }
): JSX.Element {
  const { schedule, trans } = props;
  const { enabled, environment, parameters, version } = schedule;
  const [leaving, setLeaving] = useState(false);
  const line = useRef<HTMLLIElement>(null);
  const words = schedule.plan
    ? planWords(schedule.plan, trans)
    : trans.__('`%1`, as Kubeflow has it', schedule.kubeflow_cron);
  const values = Object.entries(parameters);
  const keep = (): void => {
    setLeaving(false);
    line.current?.focus();
  };
  return (
    <li ref={line} tabIndex={-1} className="jp-ModelpackPanel-schedule">
      <div className="jp-ModelpackPanel-row">
        <span className="jp-ModelpackPanel-grow">
          <Sentence text={words} />
        </span>
        {environment === '' && (
          <Switch
            label={trans.__('Run %1: %2', version, words.replace(/`/g, ''))}
            on={enabled}
            disabled={props.busy}
            onChange={on => props.onEnable(schedule.id, on)}
          />
        )}
      </div>
      <div className="jp-ModelpackPanel-advice">
        <strong>{version}</strong>
        {', '}
        {enabled
          ? schedule.next
            ? trans.__('next %1', formatWhen(schedule.next))
            : trans.__('on')
          : trans.__('paused')}
        {schedule.plan?.catch_up && `, ${trans.__('catches up')}`}
        {', '}
        {environment
          ? trans.__('by the promotion to %1', environment)
          : trans.__('by %1', schedule.requested_by || trans.__('somebody'))}
      </div>
      {values.length > 0 && (
        <div className="jp-ModelpackPanel-advice">
          {values
            .map(([name, value]) => `${name} = ${formatValue(value)}`)
            .join(', ')}
        </div>
      )}
      {schedule.error && (
        <div className="jp-ModelpackPanel-line">
          <Mark kind="bad" label={trans.__('Kubeflow says:')} />
          <span className="jp-ModelpackPanel-grow">
            <Sentence text={schedule.error} />
          </span>
        </div>
      )}
      {leaving ? (
        <Leaving
          trans={trans}
          onKeep={keep}
          onDelete={() => props.onRemove(schedule.id)}
        />
      ) : (
        <div className="jp-ModelpackPanel-links">
          {/^https?:/.test(schedule.link) && (
            <AwayLink
              href={schedule.link}
              title={trans.__('Its page in Kubeflow')}
            >
              {trans.__('Open it there')}
            </AwayLink>
          )}
          {environment === '' && (
            <LinkButton
              label={trans.__(
                'Delete the schedule %1',
                words.replace(/`/g, '')
              )}
              onClick={() => setLeaving(true)}
            >
              {trans.__('Delete…')}
            </LinkButton>
          )}
        </div>
      )}
    </li>
  );
}

/** Kubeflow cannot give back what was deleted, so that it is asked for once more. */
function Leaving(props: {
  trans: TranslationBundle;
  onKeep: () => void;
  onDelete: () => void;
}): JSX.Element {
  const { trans } = props;
  const node = useRef<HTMLDivElement>(null);
  useEffect(() => {
    node.current?.querySelector<HTMLElement>('button')?.focus();
  }, []);
  return (
    <div
      ref={node}
      role="group"
      aria-label={trans.__('Delete it?')}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          props.onKeep();
        }
      }}
    >
      <div className="jp-ModelpackPanel-advice">
        {trans.__('Delete it? What it has run so far stays.')}
      </div>
      <div className="jp-ModelpackPanel-actions">
        <QuietButton onClick={props.onKeep}>{trans.__('Keep it')}</QuietButton>
        <QuietButton onClick={props.onDelete}>
          {trans.__('Delete the schedule')}
        </QuietButton>
      </div>
    </div>
  );
}
