/** Readers of what the server says about environments, promotions and their history. */

import {
  IApproval,
  IApprovePermission,
  ICellChange,
  IChange,
  IDifference,
  IEnvironment,
  IEnvironments,
  IEvidence,
  IGate,
  IHistoryEntry,
  IHolding,
  IIdentity,
  IMeasured,
  IPermission,
  IPromotion,
  IReview
} from '../releases';
import { IPage } from '../tokens';
import { finding, phase, problem } from './notebook';
import { check, metrics, owner, teamPart } from './package';
import {
  anything,
  flag,
  list,
  nullable,
  number,
  oneOf,
  optional,
  Reader,
  record,
  text
} from './shape';

const words = optional(text, '');

const gate = record<IGate>({
  name: text,
  outcome: oneOf('passed', 'failed', 'unknown', 'waiting'),
  sentence: text,
  detail: words,
  advice: words
});

// Who is not told may not: the server decides, and a refusal is the safe reading.
const REFUSED: IPermission = { allowed: false, sentence: '' };
const permission = record<IPermission>({ allowed: flag, sentence: words });

const NO_APPROVAL: IApprovePermission = { ...REFUSED, after_sign_in: false };
const approving = record<IApprovePermission>({
  allowed: flag,
  sentence: words,
  after_sign_in: optional(flag, false)
});

const approval = record<IApproval>({
  by: text,
  decision: text,
  comment: words,
  at: nullable(text),
  counts: optional(flag, true)
});

const promotionFields: { [K in keyof IPromotion]: Reader<IPromotion[K]> } = {
  id: text,
  name: text,
  version: text,
  digest: text,
  environment: text,
  phase: oneOf(
    'Checking',
    'Waiting',
    'Deploying',
    'Active',
    'Rejected',
    'Failed',
    'Errored',
    'Withdrawn',
    'Superseded'
  ),
  kind: optional(text, 'promotion'),
  reason: words,
  requested_by: words,
  created: text,
  finished: nullable(text),
  checks: optional(list(gate), []),
  approvals: optional(list(approval), []),
  sentence: words,
  error: nullable(problem),
  policy: nullable(text),
  generation: nullable(number),
  may: optional(
    record<IPromotion['may']>({
      approve: optional(approving, NO_APPROVAL),
      withdraw: optional(permission, REFUSED)
    }),
    { approve: NO_APPROVAL, withdraw: REFUSED }
  )
};

export const promotion = record<IPromotion>(promotionFields);

export const promotions = (value: unknown): IPromotion[] =>
  record({ promotions: list(promotion) })(value, '').promotions;

export const state = (value: unknown): string =>
  record({ state: text })(value, '').state;

const change = record<IChange>({
  name: text,
  before: anything,
  after: anything
});

const difference: Reader<IDifference> = (value, at) => {
  const read = record({
    from: nullable(record({ version: text })),
    sentence: words,
    cells: optional(
      list(
        record<ICellChange>({
          cell: nullable(number),
          before: nullable(text),
          after: nullable(text)
        })
      ),
      []
    ),
    packages: optional(list(change), []),
    parameters: optional(list(change), []),
    metrics: optional(list(change), []),
    size: nullable(
      record({ before: nullable(number), after: nullable(number) })
    ),
    findings: optional(list(finding), [])
  })(value, at);
  return { ...read, from: read.from?.version ?? null };
};

const evidence = record<IEvidence>({
  author: words,
  made: words,
  why: words,
  path: words,
  verified: nullable(record({ phase, sealed: flag, text: words })),
  checks: optional(list(check), []),
  image_id: words,
  notebook_digest: words,
  lock_digest: words,
  provenance: words,
  sbom: words,
  key: words,
  parts: optional(list(teamPart), []),
  owner: nullable(owner)
});

export const review = record<IReview>({
  ...promotionFields,
  difference: nullable(difference),
  evidence: nullable(evidence)
});

const environment = record<IEnvironment>({
  name: text,
  generation: nullable(number),
  holds: nullable(
    record<IHolding>({
      version: text,
      digest: words,
      since: text,
      by: words,
      promotion: nullable(text)
    })
  ),
  waiting: nullable(promotion),
  promote: nullable(
    record<NonNullable<IEnvironment['promote']>>({
      allowed: flag,
      sentence: words,
      version: nullable(text),
      checks: optional(list(gate), [])
    })
  ),
  rollback: nullable(
    record<NonNullable<IEnvironment['rollback']>>({
      allowed: flag,
      sentence: words,
      to: optional(list(text), [])
    })
  ),
  drift: nullable(record({ sentence: text, since: nullable(text) }))
});

export const environments = record<IEnvironments>({
  policy: nullable(record({ size: text, sentence: words })),
  identity: nullable(
    record<IIdentity>({ username: text, verified: flag, sentence: words })
  ),
  environments: list(environment),
  badge: words
});

export const history = (value: unknown): IPage<IHistoryEntry> => {
  const { entries: items, next } = page(value, '');
  return { items, next };
};

const page = record({
  entries: list(
    record<IHistoryEntry>({
      at: text,
      until: nullable(text),
      environment: words,
      version: text,
      by: words,
      approved_by: optional(list(text), []),
      reason: words,
      kind: optional(text, 'promotion'),
      sentence: words
    })
  ),
  next: nullable(text)
});

/** The server lists releases newest first; a line is drawn from the oldest. */
export const measured = (value: unknown): IMeasured[] =>
  record({ packages: list(record<IMeasured>({ version: text, metrics })) })(
    value,
    ''
  ).packages.reverse();
