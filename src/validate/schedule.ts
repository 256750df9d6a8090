/** Readers of schedules. */

import { IPlan, ISchedule } from '../tokens';

import {
  anything,
  flag,
  list,
  mapping,
  nullable,
  optional,
  Reader,
  record,
  text
} from './shape';

const plan = record<IPlan>({ cron: text, timezone: text, catch_up: flag });

/** What a person wrote, which is empty where others have written over it. */
const written: Reader<IPlan | null> = (value, at) =>
  Object.keys(mapping(anything)(value, at)).length ? plan(value, at) : null;

export const schedule: Reader<ISchedule> = (value, at) => {
  const { schedule: said, ...rest } = record({
    id: text,
    name: text,
    version: text,
    schedule: written,
    kubeflow_cron: text,
    next: nullable(text),
    enabled: flag,
    parameters: optional(mapping(anything), {}),
    requested_by: optional(text, ''),
    environment: optional(text, ''),
    link: optional(text, ''),
    error: optional(text, '')
  })(value, at);
  return { ...rest, plan: said };
};

export const schedules = (value: unknown): ISchedule[] =>
  record({ schedules: list(schedule) })(value, '').schedules;
