/** Numbers, sizes, durations and dates as people write them. */

import { TranslationBundle } from '@jupyterlab/translation';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** A size in decimal units: 347 MB, 4.9 kB. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${formatNumber(Number(value.toFixed(digits)))} ${UNITS[unit]}`;
}

/** A number with at most three significant decimals: 0.881, 1,204,331. */
export function formatNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.001) {
    return value.toPrecision(3);
  }
  return value.toLocaleString(undefined, { maximumFractionDigits: 3 });
}

/** A duration: 0.1 s, 12 s, 2 min 5 s, 1 h 4 min. */
export function formatSeconds(
  seconds: number,
  trans: TranslationBundle
): string {
  if (seconds < 9.95) {
    return trans.__('%1 s', seconds.toFixed(1));
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return trans.__('%1 s', String(whole));
  }
  if (whole < 3600) {
    return trans.__(
      '%1 min %2 s',
      String(Math.floor(whole / 60)),
      String(whole % 60)
    );
  }
  return trans.__(
    '%1 h %2 min',
    String(Math.floor(whole / 3600)),
    String(Math.floor((whole % 3600) / 60))
  );
}

/** A moment: 14:02 today, Tue 14:02 within a week, 3 Nov 2026 otherwise. */
export function formatWhen(iso: string, now = new Date()): string {
  const when = new Date(iso);
  if (Number.isNaN(when.getTime())) {
    return iso;
  }
  const time = when.toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23'
  });
  if (when.toDateString() === now.toDateString()) {
    return time;
  }
  const days = (now.getTime() - when.getTime()) / 86_400_000;
  if (Math.abs(days) < 6) {
    return `${when.toLocaleDateString(undefined, { weekday: 'short' })} ${time}`;
  }
  return when.toLocaleDateString(undefined, {
    day: 'numeric',
    month: 'short',
    year: 'numeric'
  });
}

/** Seconds between two moments, or null when one is not known. */
export function secondsBetween(
  started: string | null,
  finished: string | null
): number | null {
  const seconds =
    started && finished
      ? (Date.parse(finished) - Date.parse(started)) / 1000
      : NaN;
  return Number.isNaN(seconds) ? null : Math.max(0, seconds);
}

/** A metric or parameter value in one line. */
export function formatValue(value: unknown): string {
  if (typeof value === 'number') {
    return formatNumber(value);
  }
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** A digest that fits a line: sha256:9f2c…41ab. */
export function shortDigest(digest: string): string {
  const [algorithm, hex = ''] = digest.split(':');
  return hex.length > 12
    ? `${algorithm}:${hex.slice(0, 6)}…${hex.slice(-4)}`
    : digest;
}
