/** Readers of what the server is doing: builds, runs, their logs, and events about them. */

import {
  IArtifact,
  IBuild,
  IInput,
  ILogChunk,
  IProgressEvent,
  IRun,
  IRunEvent,
  IRunStep,
  IStep,
  IWrittenFile
} from '../tokens';

import {
  file,
  finding,
  isolation,
  phase,
  pipelineStep,
  problem,
  reference
} from './notebook';
import { check, metrics } from './package';
import {
  anything,
  flag,
  list,
  mapping,
  nullable,
  number,
  oneOf,
  optional,
  Reader,
  record,
  text
} from './shape';

const artifacts = list(record<IArtifact>({ name: text, link: text }));

const runStep: Reader<IRunStep> = (value, at) => ({
  ...pipelineStep(value, at),
  ...record({
    metrics,
    // Runs of an early version have ids there.
    artifacts: ((found, where) =>
      Array.isArray(found) ? artifacts(found, where) : []) as Reader<
      IArtifact[]
    >
  })(value, at)
});

const step = record<IStep>({
  name: text,
  title: text,
  phase,
  seconds: nullable(number),
  detail: optional(text, ''),
  progress: nullable(number)
});

export const build = record<IBuild>({
  id: text,
  path: text,
  name: optional(text, ''),
  phase,
  created: text,
  started: nullable(text),
  finished: nullable(text),
  // A build that waits for its turn has no steps yet.
  steps: optional(list(step), []),
  findings: optional(list(finding), []),
  error: nullable(problem),
  package: nullable(reference)
});

export const builds = (value: unknown): IBuild[] =>
  record({ builds: list(build) })(value, '').builds;

const written: Reader<IWrittenFile> = (value, at) => {
  const { left_behind } = record({ left_behind: optional(flag, false) })(
    value,
    at
  );
  return { ...file(value, at), left_behind };
};

export const run = record<IRun>({
  id: text,
  name: text,
  version: text,
  phase,
  created: text,
  started: nullable(text),
  finished: nullable(text),
  cell: nullable(number),
  cells: nullable(number),
  parameters: optional(mapping(anything), {}),
  metrics,
  outputs: optional(list(written), []),
  checks: optional(list(check), []),
  isolation: nullable(isolation),
  error: nullable(problem),
  executed_notebook: nullable(text),
  left_at: nullable(
    record({ artifact: optional(text, ''), problem: optional(text, '') })
  ),
  backend: optional(text, 'local'),
  place: optional(mapping(text), {}),
  events: optional(
    list(
      record<IRunEvent>({
        at: nullable(text),
        sentence: text,
        advice: optional(text, '')
      })
    ),
    []
  ),
  unknown_since: nullable(text),
  steps: optional(list(runStep), []),
  options: optional(mapping(anything), {}),
  pod_defaults: optional(list(text), []),
  settings: optional(list(text), []),
  inputs: optional(
    list(
      record<IInput>({
        path: text,
        size: optional(number, 0),
        digest: nullable(text),
        note: optional(text, ''),
        changed: nullable(flag)
      })
    ),
    []
  ),
  data_changed: nullable(text),
  retries: nullable(text)
});

export const runs = (value: unknown): IRun[] =>
  record({ runs: list(run) })(value, '').runs;

export const logChunk = record<ILogChunk>({
  offset: number,
  text: text,
  next_offset: number,
  complete: flag
});

export const runNotebook = (value: unknown): string =>
  record({ html: text })(value, '').html;

export const progressEvent = record<IProgressEvent>({
  kind: oneOf('build', 'run', 'promotion'),
  id: text
});
