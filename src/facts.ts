/** The small things that the server's answers are made of. */

export type Phase =
  | 'Pending'
  | 'Running'
  | 'Succeeded'
  | 'Failed'
  | 'Errored'
  | 'Aborted'
  | 'Skipped';

export type Severity = 'blocking' | 'warning' | 'note';

export type ExportFormat =
  'oci-archive' | 'docker-archive' | 'kubeflow' | 'kubernetes';

export interface IFinding {
  code: string;
  severity: Severity;
  message: string;
  cell: number | null;
  line: number | null;
  advice: string;
}

export interface IParameter {
  name: string;
  type: string;
  default: unknown;
  cell: number | null;
}

export interface IFile {
  path: string;
  size: number;
  cell: number | null;
}

/** A file that a run wrote. */
export interface IWrittenFile extends IFile {
  /** Whether it did not come back from the cluster. */
  left_behind: boolean;
}

/** Where a run left what it wrote, beside its log. */
export interface ILeftAt {
  artifact: string;
  problem: string;
}

export interface IReference {
  name: string;
  version: string;
}

/**
 * One step of a pipeline: its cells, the steps it waits for, and how it stands in a run. `notebook` is
 * the file of another notebook that it comes from, or empty.
 */
export interface IPipelineStep {
  name: string;
  notebook?: string;
  cells: number[];
  after: string[];
  phase: Phase | null;
}

/** Something that a step made, and its page where it is kept. */
export interface IArtifact {
  name: string;
  link: string;
}

/** A step in a run, with what it measured and made as far as its backend tells. */
export interface IRunStep extends IPipelineStep {
  metrics: Record<string, number | string | boolean>;
  artifacts: IArtifact[];
}

export interface IProblem {
  code: string;
  message: string;
  advice: string;
}

export interface ILayer {
  digest: string;
  size: number;
  what: string;
  kind: string;
}

export interface ICheck {
  cell: number | null;
  passed: boolean;
  message: string;
}

export interface IIsolation {
  name: string;
  sealed: boolean;
  sentence: string;
}

export interface IDistribution {
  name: string;
  version: string;
  size: number | null;
}

/** Something that the team added for its own sake: who released it first, and in which version. */
export interface ITeamPart {
  kind: string;
  cell: number | null;
  by: string;
  since: string;
}

/** Who answers for a release. */
export interface IOwner {
  name: string;
  contact: string;
  runbook: string;
}

/** What happened to a run where it is, as a sentence with what to do. */
export interface IRunEvent {
  at: string | null;
  sentence: string;
  advice: string;
}

/** A place where packages can be run. */
export interface IBackend {
  name: string;
  sentence: string;
}

/** A file that a run read and that the image lacks; `changed` is null where nobody can tell. */
export interface IInput {
  path: string;
  size: number;
  digest: string | null;
  note: string;
  changed: boolean | null;
}

/** A PodDefault of the namespace, to be chosen for a run. */
export interface IPodDefault {
  name: string;
  description: string;
}

/** A file that the image lacks, and what a run mounts for it; null where it cannot. */
export interface IVolume {
  path: string;
  mount: Record<string, unknown> | null;
  sentence: string;
}

/** Something that could not be asked: PodDefaults or volumes. */
export interface IOfferProblem extends IProblem {
  what: string;
}

/** When a release runs again and again: five fields of cron in a timezone. */
export interface IPlan {
  cron: string;
  timezone: string;
  /** Whether runs that were missed are made good for. */
  catch_up: boolean;
}

/** A release that runs at Kubeflow again and again. */
export interface ISchedule extends IReference {
  id: string;
  /** Null where what was written on it cannot be read any more. */
  plan: IPlan | null;
  /** The same in the six fields of Kubeflow's own clock. */
  kubeflow_cron: string;
  /** Null while it is paused. */
  next: string | null;
  enabled: boolean;
  parameters: Record<string, unknown>;
  requested_by: string;
  /** The environment whose promotion made it; empty where a person did. */
  environment: string;
  link: string;
  error: string;
}

/** What is asked for to get one. */
export interface IScheduleRequest extends IReference {
  parameters: Record<string, unknown>;
  schedule: IPlan;
}

/** The shared release service, where there is one. */
export interface IService {
  url: string;
  /** Where its pages begin. */
  pages: string;
}

const OVER: ReadonlySet<Phase> = new Set<Phase>([
  'Succeeded',
  'Failed',
  'Errored',
  'Aborted',
  'Skipped'
]);

/** Whether something in this phase will not move again. */
export function isOver(phase: Phase): boolean {
  return OVER.has(phase);
}
