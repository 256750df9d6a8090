/** The words about releases: environments, promotions and their history, and what may be asked about them. */

import {
  ICheck,
  IFinding,
  IOwner,
  IPage,
  IProblem,
  IReference,
  ITeamPart,
  Phase
} from './tokens';

export type Outcome = 'passed' | 'failed' | 'unknown' | 'waiting';

/** One thing that an environment asks for, and how it stands. */
export interface IGate {
  name: string;
  outcome: Outcome;
  sentence: string;
  /** What stands behind it: who, since when. */
  detail: string;
  advice: string;
}

export type PromotionPhase =
  | 'Checking'
  | 'Waiting'
  | 'Deploying'
  | 'Active'
  | 'Rejected'
  | 'Failed'
  | 'Errored'
  | 'Withdrawn'
  | 'Superseded';

/** What a person said to a promotion. */
export interface IApproval {
  by: string;
  decision: string;
  comment: string;
  at: string | null;
  /** Whether it still counts: a yes to other bytes or another policy does not. */
  counts: boolean;
}

/** Whether the one who asks may do something, and in words why or why not. */
export interface IPermission {
  allowed: boolean;
  sentence: string;
}

/** Whether one may approve; where this login is not enough, whether one could after another one. */
export interface IApprovePermission extends IPermission {
  after_sign_in: boolean;
}

export interface IPromotion extends IReference {
  id: string;
  digest: string;
  environment: string;
  phase: PromotionPhase;
  kind: string;
  reason: string;
  requested_by: string;
  created: string;
  finished: string | null;
  checks: IGate[];
  approvals: IApproval[];
  sentence: string;
  error: IProblem | null;
  /** What a decision on it is bound to, beside its digest: the policy, and the state of its target. */
  policy: string | null;
  generation: number | null;
  /** What the one who asks may do about it. */
  may: { approve: IApprovePermission; withdraw: IPermission };
}

export interface IHolding {
  version: string;
  digest: string;
  since: string;
  by: string;
  promotion: string | null;
}

export interface IEnvironment {
  name: string;
  /** Grows with each change, so that a request is about what was seen. */
  generation: number | null;
  holds: IHolding | null;
  waiting: IPromotion | null;
  promote: (IPermission & { version: string | null; checks: IGate[] }) | null;
  rollback: (IPermission & { to: string[] }) | null;
  /** That what runs there is not what was put there, since when, in words. */
  drift: { sentence: string; since: string | null } | null;
}

export interface IIdentity {
  username: string;
  verified: boolean;
  sentence: string;
}

export interface IEnvironments {
  policy: { size: string; sentence: string } | null;
  identity: IIdentity | null;
  environments: IEnvironment[];
  badge: string;
}

/** Before and after; null where there is nothing. */
export interface IChange {
  name: string;
  before: unknown;
  after: unknown;
}

export interface ICellChange {
  cell: number | null;
  before: string | null;
  after: string | null;
}

export interface IDifference {
  /** The version that the environment holds now; null when it holds none. */
  from: string | null;
  sentence: string;
  cells: ICellChange[];
  packages: IChange[];
  parameters: IChange[];
  metrics: IChange[];
  size: { before: number | null; after: number | null } | null;
  findings: IFinding[];
}

/** What is known of how the release was made; digests are empty where there is none. */
export interface IEvidence {
  author: string;
  made: string;
  why: string;
  path: string;
  verified: { phase: Phase; sealed: boolean; text: string } | null;
  checks: ICheck[];
  image_id: string;
  notebook_digest: string;
  lock_digest: string;
  provenance: string;
  sbom: string;
  key: string;
  parts: ITeamPart[];
  owner: IOwner | null;
}

/** A promotion with all that a reviewer reads. */
export interface IReview extends IPromotion {
  difference: IDifference | null;
  evidence: IEvidence | null;
}

export interface IHistoryEntry {
  at: string;
  until: string | null;
  environment: string;
  version: string;
  by: string;
  approved_by: string[];
  reason: string;
  kind: string;
  sentence: string;
}

export interface IPromotionRequest extends IReference {
  environment: string;
  reason: string;
  /** What its environment was seen at, so that nothing is changed unseen. */
  generation: number | null;
}

export interface IDecision {
  decision: 'approve' | 'reject';
  comment: string;
}

/** A decision and what was read before it: it holds for nothing else. */
export interface IBoundDecision extends IDecision {
  digest: string;
  policy: string | null;
  generation: number | null;
}

/** What the server can be asked about promotions. */
export interface IPromotionsAPI {
  /** A text that is another one as soon as something has happened to a release. */
  state(): Promise<string>;
  /** All that are open, of every package. */
  promotions(): Promise<IPromotion[]>;
  promotion(id: string): Promise<IReview>;
  promote(request: IPromotionRequest): Promise<IPromotion>;
  decide(id: string, decision: IBoundDecision): Promise<IPromotion>;
  withdraw(id: string): Promise<void>;
}

/** What the server can be asked about environments. */
export interface IEnvironmentsAPI {
  environments(name: string, path: string): Promise<IEnvironments>;
  rollBack(request: IPromotionRequest): Promise<IPromotion>;
  history(
    name: string,
    environment: string,
    at: string,
    before?: string
  ): Promise<IPage<IHistoryEntry>>;
  /** What each release of a package measured, oldest first. */
  metrics(name: string): Promise<IMeasured[]>;
}

/** The metrics of one version. */
export interface IMeasured {
  version: string;
  metrics: Record<string, number | string | boolean>;
}

export interface IReleasesAPI extends IPromotionsAPI, IEnvironmentsAPI {}

const OPEN: ReadonlySet<PromotionPhase> = new Set<PromotionPhase>([
  'Checking',
  'Waiting',
  'Deploying'
]);

/** Whether a promotion can still become active. */
export function isOpen(promotion: IPromotion): boolean {
  return OPEN.has(promotion.phase);
}

/** Whether it waits for the one who asks. */
export function waitsForYou(promotion: IPromotion): boolean {
  const { allowed, after_sign_in } = promotion.may.approve;
  return promotion.phase === 'Waiting' && (allowed || after_sign_in);
}
