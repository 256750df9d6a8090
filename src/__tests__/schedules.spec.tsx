/** Schedules: the words for them, the form, the list, and what is asked of the server. */

import { nullTranslator } from '@jupyterlab/translation';
import {
  cleanup,
  fireEvent,
  render,
  screen,
  within
} from '@testing-library/react';
import React from 'react';

import { SchedulesWatch } from '../manager/schedules';
import { cronOf, isTimezone, IWish, planWords } from '../sections/plan';
import { ScheduleForm } from '../sections/scheduleform';
import { Schedules } from '../sections/schedules';
import { ISchedule, IScheduleRequest, Problem } from '../tokens';
import { packageDetail } from '../validate/package';
import { schedules } from '../validate/schedule';
import { FakeAPI, settle, until } from './fakeapi';
import { but, golden } from './golden';

const trans = nullTranslator.load('jupyter_modelpack');
const detail = packageDetail(golden('package'), '');
const [nightly, mondays, promoted] = schedules(golden('schedules'));
const wish: IWish = {
  often: 'day',
  minute: '5',
  time: '02:30',
  weekday: '1',
  cron: ' 0  6 1 * * '
};

afterEach(cleanup);

describe('a plan', () => {
  it.each([
    ['hour', '5 * * * *'],
    ['day', '30 2 * * *'],
    ['workdays', '30 2 * * 1-5'],
    ['week', '30 2 * * 1'],
    ['cron', '0 6 1 * *']
  ] as const)('of every %s is the line %s', (often, cron) => {
    expect(cronOf({ ...wish, often })).toEqual({ cron });
  });

  it.each([
    ['hour', { minute: '60' }, 'minute'],
    ['hour', { minute: '' }, 'minute'],
    ['day', { time: '' }, 'time'],
    ['cron', { cron: '30 2 * *' }, 'cron'],
    ['cron', { cron: '' }, 'cron']
  ] as const)('of every %s is none with %j', (often, change, wrong) => {
    expect(cronOf({ ...wish, often, ...change })).toEqual({ wrong });
  });

  it.each([
    ['5 * * * *', 'Every hour at :05, UTC'],
    ['30 2 * * *', 'Every day at 02:30, UTC'],
    ['0 18 * * mon-fri', 'Monday to Friday at 18:00, UTC'],
    ['0 6 * * 1', 'Monday at 06:00, UTC'],
    ['0 6 * * 7', 'Sunday at 06:00, UTC'],
    ['5 * * * 1', '`5 * * * 1`, UTC'],
    ['*/20 8-10 * * *', '`*/20 8-10 * * *`, UTC']
  ])('%s is said as %s', (cron, said) => {
    const plan = { cron, timezone: 'UTC', catch_up: false };
    expect(planWords(plan, trans)).toBe(said);
  });

  it('knows timezones', () => {
    expect(['Asia/Tokyo', 'UTC', 'Mars/Olympus', ''].map(isTimezone)).toEqual([
      true,
      true,
      false,
      false
    ]);
  });
});

describe('ScheduleForm', () => {
  function draw(problem: Problem | null = null): IScheduleRequest[] {
    const asked: IScheduleRequest[] = [];
    render(
      <ScheduleForm
        detail={detail}
        busy={false}
        problem={problem}
        trans={trans}
        onAdd={request => asked.push(request)}
      />
    );
    return asked;
  }

  it('asks for what its words say, with the parameters that were typed', () => {
    const asked = draw();
    fireEvent.change(screen.getByLabelText('How often'), {
      target: { value: 'week' }
    });
    fireEvent.change(screen.getByLabelText('On'), { target: { value: '0' } });
    fireEvent.change(screen.getByLabelText('At'), {
      target: { value: '18:05' }
    });
    fireEvent.change(screen.getByLabelText('Timezone'), {
      target: { value: ' Asia/Tokyo ' }
    });
    fireEvent.click(screen.getByLabelText('Catch up on missed runs'));
    const [{ name }] = detail.parameters;
    fireEvent.change(screen.getByLabelText(name), { target: { value: '0.5' } });
    fireEvent.click(screen.getByRole('button', { name: 'Schedule' }));
    expect(asked).toEqual([
      {
        name: detail.name,
        version: detail.version,
        parameters: { [name]: 0.5 },
        schedule: { cron: '5 18 * * 0', timezone: 'Asia/Tokyo', catch_up: true }
      }
    ]);
  });

  it('has the timezone of its reader, and says which value is none', () => {
    const asked = draw();
    const zone = screen.getByLabelText<HTMLInputElement>('Timezone');
    expect(zone.value).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
    fireEvent.change(screen.getByLabelText('How often'), {
      target: { value: 'cron' }
    });
    fireEvent.click(screen.getByRole('button', { name: 'Schedule' }));
    screen.getByText('Write five fields, such as 30 2 * * 1-5.');
    screen.getByRole('button', { name: '1 value to correct' });
    fireEvent.change(zone, { target: { value: 'Mars/Olympus' } });
    screen.getByText(/^There is no such timezone/);
    expect(asked).toEqual([]);
  });

  it('shows why it was refused', () => {
    draw(new Problem('INVALID_INPUT', 'Not all year.', 'Say it in UTC.'));
    expect(screen.getByRole('alert').textContent).toBe(
      'Not all year.Say it in UTC.'
    );
  });
});

describe('Schedules', () => {
  function draw(
    listed: ISchedule[],
    problem: Problem | null = null
  ): { container: HTMLElement; asked: string[] } {
    const asked: string[] = [];
    const { container } = render(
      <Schedules
        schedules={listed}
        problem={problem}
        busy={false}
        trans={trans}
        onRefresh={() => asked.push('refresh')}
        onEnable={(id, on) => asked.push(`${id} ${on}`)}
        onRemove={id => asked.push(`remove ${id}`)}
      />
    );
    return { container, asked };
  }

  it('is absent where there is none', () => {
    expect(draw([]).container.innerHTML).toBe('');
  });

  it('says when each runs, and turns it on and off', () => {
    const { asked, container } = draw([nightly, mondays, promoted]);
    const lines = container.querySelectorAll('li');
    expect(lines[0].textContent).toMatch(
      /^Every day at 02:30, Asia\/Tokyo1\.3\.0, next .*, by adathreshold = 0\.5/
    );
    expect(lines[1].textContent).toMatch(/paused, catches up, by ben/);
    within(lines[1]).getByText('The pipeline version was removed.');
    expect(lines[2].textContent).toMatch(/by the promotion to production/);
    expect(within(lines[2]).queryByRole('button')).toBeNull();
    const [on, off] = screen.getAllByRole('switch');
    expect(screen.getAllByRole('switch')).toHaveLength(2);
    expect(on.getAttribute('aria-checked')).toBe('true');
    fireEvent.click(on);
    fireEvent.click(off);
    expect(asked).toEqual([`${nightly.id} false`, `${mondays.id} true`]);
  });

  it('deletes one after it was asked once more, and moves the focus along', () => {
    const { asked } = draw([nightly]);
    const begin = (): void => {
      fireEvent.click(
        screen.getByRole('button', { name: /^Delete the schedule Every day/ })
      );
    };
    begin();
    const keep = screen.getByRole('button', { name: 'Keep it' });
    expect(document.activeElement).toBe(keep);
    fireEvent.keyDown(keep, { key: 'Escape' });
    expect(document.activeElement?.tagName).toBe('LI');
    begin();
    fireEvent.click(
      screen.getByRole('button', { name: 'Delete the schedule' })
    );
    expect(asked).toEqual([`remove ${nightly.id}`]);
    expect(document.activeElement?.textContent).toBe('Schedules');
  });

  it('says that Kubeflow does not answer, and looks again', () => {
    const away = new Problem('BACKEND_UNAVAILABLE', 'It does not answer.');
    const { asked } = draw([], away);
    fireEvent.click(screen.getByRole('button', { name: 'Look again' }));
    expect(asked).toEqual(['refresh']);
  });

  it('shows what cannot be read as Kubeflow has it, and runs no markup', () => {
    const attack = '<img src=x onerror=a()>';
    const { container } = draw([
      but(nightly, { plan: null, requested_by: attack, link: 'javascript:a()' })
    ]);
    expect(container.textContent).toContain('0 30 17 * * *');
    expect(container.querySelector('img, a')).toBeNull();
  });
});

describe('SchedulesWatch', () => {
  it('reads when someone looks, and after each thing that was asked', async () => {
    const api = new FakeAPI();
    const watch = new SchedulesWatch(api, 'churn', 5);
    await settle();
    expect(api.asked).toEqual([]);
    watch.look(true);
    await until(() => watch.schedules.length === 3);
    await watch.enable('one', false);
    await watch.remove('one');
    expect(api.count('enableSchedule one false')).toBe(1);
    expect(api.count('removeSchedule one')).toBe(1);
    const asked = api.count('schedules');
    await until(() => api.count('schedules') > asked);
    watch.look(false);
    watch.dispose();
  });

  it('keeps the refusal of the form apart from what went wrong in the list', async () => {
    const api = new FakeAPI();
    const watch = new SchedulesWatch(api, 'churn');
    await watch.refresh();
    api.refusal = new Problem('INVALID_INPUT', 'Not all year.');
    const { name, version } = detail;
    const plan = { cron: '0 2 * * *', timezone: 'UTC', catch_up: false };
    const request = { name, version, parameters: {}, schedule: plan };
    expect(await watch.add(request)).toBe(false);
    expect(watch.refusal?.message).toBe('Not all year.');
    api.refusal = null;
    expect(await watch.add(request)).toBe(true);
    expect([watch.refusal, watch.problem]).toEqual([null, null]);
    watch.dispose();
  });

  it('has none where the server knows of none', async () => {
    const api = new FakeAPI();
    api.refusal = new Problem('SERVER_MISSING', '');
    const watch = new SchedulesWatch(api, 'churn');
    await watch.refresh();
    expect([watch.schedules, watch.problem]).toEqual([[], null]);
    watch.dispose();
  });
});
