/** Readers of what the server says about packages: their layers, evidence and contents. */

import {
  ICheck,
  IDistribution,
  ILayer,
  IOwner,
  IPackage,
  IPage,
  IPackageSummary,
  ITeamPart
} from '../tokens';

import {
  file,
  finding,
  isolation,
  parameter,
  phase,
  pipelineStep
} from './notebook';
import {
  flag,
  list,
  mapping,
  nullable,
  number,
  optional,
  Reader,
  record,
  ShapeError,
  text
} from './shape';

/** A metric is a number, a text or a truth value. */
const scalar: Reader<number | string | boolean> = (value, at) => {
  if (
    typeof value === 'number' ||
    typeof value === 'string' ||
    typeof value === 'boolean'
  ) {
    return value;
  }
  throw new ShapeError(at, 'a number, a text or a truth value');
};

export const metrics = optional(mapping(scalar), {});

export const check = record<ICheck>({
  cell: nullable(number),
  passed: flag,
  message: optional(text, '')
});

export const teamPart = record<ITeamPart>({
  kind: text,
  cell: nullable(number),
  by: optional(text, ''),
  since: optional(text, '')
});

export const owner = record<IOwner>({
  name: optional(text, ''),
  contact: optional(text, ''),
  runbook: optional(text, '')
});

const verified: Reader<IPackageSummary['verified']> = optional(
  record<IPackageSummary['verified']>({
    phase,
    sealed: optional(flag, false),
    text: optional(text, '')
  }),
  { phase: 'Skipped', sealed: false, text: '' }
);

const summaryFields = {
  name: text,
  version: text,
  digest: text,
  created: text,
  size: number,
  path: optional(text, ''),
  verified,
  metrics,
  why: optional(text, '')
};

export const packageSummary = record<IPackageSummary>(summaryFields);

const layer = record<ILayer>({
  digest: text,
  size: number,
  what: optional(text, ''),
  kind: optional(text, '')
});

const distribution = record<IDistribution>({
  name: text,
  version: text,
  size: nullable(number)
});

/** Seconds by step; a step that was not taken has none. */
const seconds: Reader<Record<string, number>> = (value, at) =>
  Object.fromEntries(
    Object.entries(mapping(nullable(number))(value, at)).flatMap(
      ([name, taken]) => (taken === null ? [] : [[name, taken]])
    )
  );

export const packageDetail = record<IPackage>({
  ...summaryFields,
  layers: list(layer),
  own_size: optional(number, 0),
  findings: optional(list(finding), []),
  parameters: optional(list(parameter), []),
  settings: optional(list(text), []),
  external: optional(list(file), []),
  checks: optional(list(check), []),
  isolation: nullable(isolation),
  seconds: optional(seconds, {}),
  distributions: optional(list(distribution), []),
  files: optional(list(file), []),
  pipeline: optional(
    record({
      available: optional(flag, false),
      hint: optional(text, '')
    }),
    { available: false, hint: '' }
  ),
  steps: optional(list(pipelineStep), []),
  parts: optional(list(teamPart), []),
  owner: nullable(owner),
  commit: optional(text, '')
});

export const packages = (value: unknown): IPage<IPackageSummary> => {
  const read = record({ packages: list(packageSummary), next: nullable(text) });
  const { packages: items, next } = read(value, '');
  return { items, next };
};

export const exported = record({ path: text, size: optional(number, 0) });
