/** When something runs again and again, between plain words and a line of cron. */

import { TranslationBundle } from '@jupyterlab/translation';

import { IPlan } from '../tokens';

export type Often = 'hour' | 'day' | 'workdays' | 'week' | 'cron';

/** What the form asks: only what belongs to `often` counts. */
export interface IWish {
  often: Often;
  /** Minutes past the hour. */
  minute: string;
  /** Hours and minutes, as 02:30. */
  time: string;
  /** 0 is Sunday, as in cron. */
  weekday: string;
  cron: string;
}

/** The line of cron that a wish means, or which field is no answer. */
export function cronOf(wish: IWish): { cron: string } | { wrong: keyof IWish } {
  const { cron, minute, often, time, weekday } = wish;
  if (often === 'hour') {
    return /^[0-5]?\d$/.test(minute.trim())
      ? { cron: `${Number(minute)} * * * *` }
      : { wrong: 'minute' };
  }
  if (often === 'cron') {
    const line = cron.trim().split(/\s+/).join(' ');
    return /^(@[a-z]+|\S+( \S+){4})$/.test(line)
      ? { cron: line }
      : { wrong: 'cron' };
  }
  const [, hours, minutes] = /^(\d\d):(\d\d)/.exec(time) ?? [];
  const days = { day: '*', workdays: '1-5', week: weekday }[often];
  return hours === undefined
    ? { wrong: 'time' }
    : { cron: `${Number(minutes)} ${Number(hours)} * * ${days}` };
}

/** Whether there is such a timezone, as far as this browser knows. */
export function isTimezone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}

/** The timezone of whoever looks. */
export function ownTimezone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** The timezones that this browser knows, where it tells. */
export function timezones(): string[] {
  const known = Intl.supportedValuesOf?.('timeZone') ?? [];
  return known.includes('UTC') ? known : ['UTC', ...known];
}

/** The name of a day of the week, 0 for Sunday. */
export function weekdayWord(day: number): string {
  const sunday = Date.UTC(2026, 10, 22);
  return new Date(sunday + day * 86_400_000).toLocaleDateString(undefined, {
    weekday: 'long',
    timeZone: 'UTC'
  });
}

/** A plan as a person would say it; a line of cron that no such words fit is itself. */
export function planWords(plan: IPlan, trans: TranslationBundle): string {
  const zone = plan.timezone;
  const words = /^(\d+) (\*|\d+) \* \* (\*|1-5|mon-fri|[0-7])$/i.exec(
    plan.cron
  );
  if (words === null || (words[2] === '*' && words[3] !== '*')) {
    return trans.__('`%1`, %2', plan.cron, zone);
  }
  const [, minute, hour, days] = words;
  const time = [hour, minute].map(each => each.padStart(2, '0')).join(':');
  if (hour === '*') {
    return trans.__('Every hour at :%1, %2', minute.padStart(2, '0'), zone);
  }
  if (days === '*') {
    return trans.__('Every day at %1, %2', time, zone);
  }
  return days.length > 1
    ? trans.__('Monday to Friday at %1, %2', time, zone)
    : trans.__('%1 at %2, %3', weekdayWord(Number(days)), time, zone);
}
