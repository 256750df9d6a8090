/** Schedule…: when a release runs again and again at Kubeflow, in plain words or as a line of cron. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useMemo, useState } from 'react';

import { PrimaryButton } from '../components/buttons';
import { Choice, Field, Tick } from '../components/field';
import { Trouble } from '../components/notice';
import { IPackage, IProblem, IScheduleRequest } from '../tokens';
import { Parameters, useParameters } from './parameters';
import { problemWords } from './phases';
import {
  cronOf,
  isTimezone,
  IWish,
  Often,
  ownTimezone,
  timezones,
  weekdayWord
} from './plan';

export interface IScheduleFormProps {
  detail: IPackage;
  busy: boolean;
  problem: IProblem | null;
  trans: TranslationBundle;
  onAdd: (request: IScheduleRequest) => void;
}

const FIRST: IWish = {
  often: 'day',
  minute: '0',
  time: '02:30',
  weekday: '1',
  cron: ''
};

export function ScheduleForm(props: IScheduleFormProps): JSX.Element {
  const { busy, detail, trans } = props;
  const typed = useParameters(detail, trans);
  const [wish, setWish] = useState(FIRST);
  const [timezone, setTimezone] = useState(ownTimezone);
  const zones = useMemo(timezones, []);
  const [catchUp, setCatchUp] = useState(false);
  const [tried, setTried] = useState(false);
  const line = cronOf(wish);
  const zoned = isTimezone(timezone.trim());
  const wrong = typed.wrong + ('wrong' in line ? 1 : 0) + (zoned ? 0 : 1);
  const add = (): void => {
    setTried(true);
    if ('cron' in line && wrong === 0 && !busy) {
      const { name, version } = detail;
      props.onAdd({
        name,
        version,
        parameters: typed.changed,
        schedule: {
          cron: line.cron,
          timezone: timezone.trim(),
          catch_up: catchUp
        }
      });
    }
  };
  return (
    <form
      className="jp-ModelpackPanel-form"
      aria-label={trans.__('Schedule %1 %2', detail.name, detail.version)}
      onSubmit={event => {
        event.preventDefault();
        add();
      }}
    >
      <WhenFields
        wish={wish}
        wrong={tried && 'wrong' in line ? line.wrong : null}
        trans={trans}
        onChange={change => setWish({ ...wish, ...change })}
      />
      <Field
        name={trans.__('Timezone')}
        type="str"
        text={timezone}
        hint={trans.__('As the tz database has it; UTC always works.')}
        error={
          zoned
            ? ''
            : trans.__('There is no such timezone. Write Asia/Tokyo, or UTC.')
        }
        suggestions={zones}
        onChange={setTimezone}
      />
      <Tick
        label={trans.__('Catch up on missed runs')}
        meaning={
          catchUp
            ? trans.__(
                'What was missed while it was paused is run, one by one.'
              )
            : trans.__('Off: what was missed while it was paused stays missed.')
        }
        checked={catchUp}
        onChange={setCatchUp}
      />
      <Parameters typed={typed} trans={trans} />
      {props.problem && <Trouble {...problemWords(props.problem, trans)} />}
      <PrimaryButton
        disabled={busy || (tried && wrong > 0) || typed.wrong > 0 || !zoned}
        busy={busy}
      >
        {busy
          ? trans.__('Asking Kubeflow…')
          : tried && wrong > 0
            ? trans._n('%1 value to correct', '%1 values to correct', wrong)
            : trans.__('Schedule')}
      </PrimaryButton>
    </form>
  );
}

/** How often, and then when: at a minute, at a time, on a day, or as a line of cron. */
function WhenFields(props: {
  wish: IWish;
  wrong: keyof IWish | null;
  trans: TranslationBundle;
  onChange: (change: Partial<IWish>) => void;
}): JSX.Element {
  const { onChange, trans, wish, wrong } = props;
  const choices: { value: Often; text: string }[] = [
    { value: 'hour', text: trans.__('Every hour') },
    { value: 'day', text: trans.__('Every day') },
    { value: 'workdays', text: trans.__('Monday to Friday') },
    { value: 'week', text: trans.__('Every week') },
    { value: 'cron', text: trans.__('By a line of cron') }
  ];
  return (
    <>
      <Choice
        label={trans.__('How often')}
        options={choices}
        value={wish.often}
        onChange={value =>
          onChange({
            often: choices.find(each => each.value === value)?.value ?? 'day'
          })
        }
      />
      {wish.often === 'week' && (
        <Choice
          label={trans.__('On')}
          options={[1, 2, 3, 4, 5, 6, 0].map(day => ({
            value: String(day),
            text: weekdayWord(day)
          }))}
          value={wish.weekday}
          onChange={weekday => onChange({ weekday })}
        />
      )}
      {wish.often === 'hour' && (
        <Field
          name={trans.__('Minutes past the hour')}
          type="int"
          text={wish.minute}
          hint={trans.__('0 to 59.')}
          error={
            wrong === 'minute' ? trans.__('Write a number from 0 to 59.') : ''
          }
          onChange={minute => onChange({ minute })}
        />
      )}
      {wish.often === 'cron' && (
        <Field
          name={trans.__('Line of cron')}
          type="code"
          text={wish.cron}
          hint={trans.__('Minute, hour, day, month, day of the week.')}
          error={
            wrong === 'cron'
              ? trans.__('Write five fields, such as 30 2 * * 1-5.')
              : ''
          }
          onChange={cron => onChange({ cron })}
        />
      )}
      {['day', 'workdays', 'week'].includes(wish.often) && (
        <Field
          name={trans.__('At')}
          type="time"
          text={wish.time}
          hint=""
          error={wrong === 'time' ? trans.__('Choose a time.') : ''}
          onChange={time => onChange({ time })}
        />
      )}
    </>
  );
}
