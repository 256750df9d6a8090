/** Readers of what the server says about a notebook: findings, parameters, the inspection. */

import {
  IBackend,
  IFile,
  IFinding,
  IInfo,
  IInspection,
  IIsolation,
  IOfferProblem,
  IOffers,
  IParameter,
  IPipelineStep,
  IPodDefault,
  IProblem,
  IReference,
  IService,
  IVolume,
  Phase
} from '../tokens';

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

export const phase = oneOf<Phase>(
  'Pending',
  'Running',
  'Succeeded',
  'Failed',
  'Errored',
  'Aborted',
  'Skipped'
);

export const finding = record<IFinding>({
  code: text,
  severity: oneOf('blocking', 'warning', 'note'),
  message: text,
  cell: nullable(number),
  line: nullable(number),
  advice: optional(text, '')
});

export const parameter = record<IParameter>({
  name: text,
  type: text,
  default: anything,
  cell: nullable(number)
});

export const file = record<IFile>({
  path: text,
  size: optional(number, 0),
  cell: nullable(number)
});

export const reference = record<IReference>({ name: text, version: text });

export const isolation = record<IIsolation>({
  name: text,
  sealed: flag,
  sentence: optional(text, '')
});

export const problem = record<IProblem>({
  code: text,
  message: text,
  advice: optional(text, '')
});

/** A phase that only another system has is not known here; the rest of the answer is still good. */
const known: Reader<Phase | null> = (value, at) => {
  try {
    return nullable(phase)(value, at);
  } catch {
    return null;
  }
};

export const pipelineStep = record<IPipelineStep>({
  name: text,
  notebook: optional(text, ''),
  cells: optional(list(number), []),
  after: optional(list(text), []),
  phase: known
});

export const inspection = record<IInspection>({
  path: text,
  name: text,
  digest: text,
  kernel: nullable(record({ name: text, display_name: text })),
  findings: list(finding),
  parameters: optional(list(parameter), []),
  settings: optional(list(text), []),
  data: optional(list(file), []),
  external: optional(list(file), []),
  cells: number,
  unchanged: nullable(reference),
  steps: optional(list(pipelineStep), [])
});

/** A backend may be told by its name alone. */
const backend: Reader<IBackend> = (value, at) =>
  typeof value === 'string'
    ? { name: value, sentence: '' }
    : record<IBackend>({ name: text, sentence: optional(text, '') })(value, at);

export const info = record<IInfo>({
  version: text,
  isolation: nullable(isolation),
  kubeflow: optional(record({ available: flag, hint: optional(text, '') }), {
    available: false,
    hint: ''
  }),
  backends: optional(list(backend), []),
  service: nullable(record<IService>({ url: text, pages: text }))
});

export const offers = record<IOffers>({
  backend: text,
  namespace: text,
  pod_defaults: list(
    record<IPodDefault>({ name: text, description: optional(text, '') })
  ),
  volumes: list(
    record<IVolume>({
      path: text,
      mount: nullable(mapping(anything)),
      sentence: text
    })
  ),
  options: optional(mapping(anything), {}),
  problems: optional(
    list(
      record<IOfferProblem>({
        what: text,
        code: text,
        message: text,
        advice: optional(text, '')
      })
    ),
    []
  )
});
