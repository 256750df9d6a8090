/** The words that every part of the panel shares: what the server says, as types, and what may be asked of it. */

import { IDisposable } from '@lumino/disposable';
import { ISignal } from '@lumino/signaling';

import {
  Phase,
  ExportFormat,
  IFinding,
  IParameter,
  IFile,
  IReference,
  IPipelineStep,
  IProblem,
  ILayer,
  ICheck,
  IInput,
  IIsolation,
  IDistribution,
  ITeamPart,
  IOwner,
  IRunEvent,
  IRunStep,
  IBackend,
  IOfferProblem,
  ISchedule,
  IScheduleRequest,
  IPodDefault,
  IService,
  ILeftAt,
  IVolume,
  IWrittenFile
} from './facts';

export * from './facts';

export interface IInspection {
  path: string;
  name: string;
  digest: string;
  kernel: { name: string; display_name: string } | null;
  findings: IFinding[];
  parameters: IParameter[];
  settings: string[];
  data: IFile[];
  external: IFile[];
  cells: number;
  unchanged: IReference | null;
  /** The pipeline that its tags describe; no steps where it has no tags. */
  steps: IPipelineStep[];
}

export interface IStep {
  name: string;
  title: string;
  phase: Phase;
  seconds: number | null;
  detail: string;
  progress: number | null;
}

export interface IBuild {
  id: string;
  path: string;
  name: string;
  phase: Phase;
  created: string;
  started: string | null;
  finished: string | null;
  steps: IStep[];
  findings: IFinding[];
  error: IProblem | null;
  package: IReference | null;
}

export interface IPackageSummary extends IReference {
  digest: string;
  created: string;
  size: number;
  path: string;
  verified: { phase: Phase; sealed: boolean; text: string };
  metrics: Record<string, number | string | boolean>;
  why: string;
}

export interface IPackage extends IPackageSummary {
  layers: ILayer[];
  own_size: number;
  findings: IFinding[];
  parameters: IParameter[];
  settings: string[];
  external: IFile[];
  checks: ICheck[];
  isolation: IIsolation | null;
  seconds: Record<string, number>;
  distributions: IDistribution[];
  files: IFile[];
  pipeline: { available: boolean; hint: string };
  steps: IPipelineStep[];
  parts: ITeamPart[];
  owner: IOwner | null;
  commit: string;
}

export interface IRun extends IReference {
  id: string;
  phase: Phase;
  created: string;
  started: string | null;
  finished: string | null;
  cell: number | null;
  cells: number | null;
  parameters: Record<string, unknown>;
  metrics: Record<string, number | string | boolean>;
  outputs: IWrittenFile[];
  checks: ICheck[];
  isolation: IIsolation | null;
  error: IProblem | null;
  executed_notebook: string | null;
  /** The artifact in a registry that has what it wrote, or what was in the way of that. */
  left_at: ILeftAt | null;
  /** Where it runs: `local`, `kubernetes` or `kubeflow`. */
  backend: string;
  /** What names it there: a namespace, a job, a pod, and perhaps the `link` to its page. */
  place: Record<string, string>;
  events: IRunEvent[];
  /** Since when nobody can tell how it stands. */
  unknown_since: string | null;
  steps: IRunStep[];
  /** What was asked of the cluster, to be asked again. */
  options: Record<string, unknown>;
  pod_defaults: string[];
  /** The names of the settings that it was given on this computer. */
  settings: string[];
  /** What it read that the image lacks, and a sentence if that is other data than the release's. */
  inputs: IInput[];
  data_changed: string | null;
  /** The run at Kubeflow that it goes on with. */
  retries: string | null;
}

/** What a cluster offers the runs of a package, before anything is sent. */
export interface IOffers {
  backend: string;
  namespace: string;
  pod_defaults: IPodDefault[];
  volumes: IVolume[];
  /** What a run asks for to get those volumes. */
  options: Record<string, unknown>;
  problems: IOfferProblem[];
}

export interface IInfo {
  version: string;
  isolation: IIsolation | null;
  kubeflow: { available: boolean; hint: string };
  backends: IBackend[];
  service: IService | null;
}

export interface ILogChunk {
  offset: number;
  text: string;
  next_offset: number;
  complete: boolean;
}

/** A hint that something moved; REST is the truth. */
export interface IProgressEvent {
  kind: 'build' | 'run' | 'promotion';
  id: string;
}

export interface IBuildRequest {
  path: string;
  name?: string;
  verify: boolean;
  network: boolean;
  compression: string;
  /** Names of settings, for the verify run. */
  settings?: string[];
  /** The line that the release goes on, beside the main one. */
  line?: string;
}

export interface IRunRequest extends IReference {
  parameters: Record<string, unknown>;
  network: boolean;
  /** Names of settings, on this computer. */
  settings?: string[];
  /** Left out for this computer. */
  backend?: string;
  options?: Record<string, unknown>;
  pod_defaults?: string[];
}

export interface IExportRequest {
  format: ExportFormat;
  path: string;
  overwrite: boolean;
}

/** What the server can be asked about notebooks and their builds. */
export interface IBuildsAPI {
  builds(path: string): Promise<IBuild[]>;
  build(id: string): Promise<IBuild>;
  startBuild(request: IBuildRequest): Promise<IBuild>;
  stopBuild(id: string): Promise<void>;
  buildLog(id: string, offset: number): Promise<ILogChunk>;
}

/** A part of a long list, newest first, and where the next part begins; null at the end. */
export interface IPage<T> {
  items: T[];
  next: string | null;
}

/** A long list as it is drawn: what of it is known, and how to read on. */
export interface IListing<T> extends IDisposable {
  items: T[];
  isKnown: boolean;
  hasOlder: boolean;
  problem: Problem | null;
  changed: ISignal<unknown, void>;
  refresh(): Promise<void>;
  older(): Promise<void>;
}

/** What the server can be asked about packages. */
export interface IPackagesAPI {
  /** Those of a notebook: the newest, or those before where a page ended. */
  packages(path: string, before?: string): Promise<IPage<IPackageSummary>>;
  package(name: string, version: string): Promise<IPackage>;
  exportPackage(
    reference: IReference,
    request: IExportRequest
  ): Promise<{ path: string; size: number }>;
}

/** What the server can be asked about runs. */
export interface IRunsAPI {
  runs(reference: IReference): Promise<IRun[]>;
  startRun(request: IRunRequest): Promise<IRun>;
  stopRun(id: string): Promise<void>;
  /** Go on with a failed run, from the steps that failed. */
  retryRun(id: string): Promise<IRun>;
  runLog(id: string, offset: number): Promise<ILogChunk>;
  runNotebook(id: string): Promise<string>;
  /** Where a file that the run wrote can be had. */
  runFile(id: string, path: string): string;
  offers(reference: IReference, backend: string): Promise<IOffers>;
}

/** What the server can be asked about schedules. */
export interface ISchedulesAPI {
  /** Those of all versions of a package. */
  schedules(name: string): Promise<ISchedule[]>;
  addSchedule(request: IScheduleRequest): Promise<ISchedule>;
  enableSchedule(id: string, enabled: boolean): Promise<ISchedule>;
  removeSchedule(id: string): Promise<void>;
}

export interface IInspectionAPI {
  info(): Promise<IInfo>;
  inspection(path: string): Promise<IInspection>;
}

export interface IModelpackAPI
  extends IInspectionAPI, IBuildsAPI, IPackagesAPI, IRunsAPI, ISchedulesAPI {}

/** An answer of no, or none at all, with what to do next. */
export class Problem extends Error implements IProblem {
  constructor(
    readonly code: string,
    message: string,
    readonly advice = ''
  ) {
    super(message);
    this.name = 'Problem';
  }

  /** Whatever was thrown, as a problem. */
  static from(reason: unknown): Problem {
    return reason instanceof Problem
      ? reason
      : new Problem(
          'BUG',
          reason instanceof Error ? reason.message : String(reason)
        );
  }
}

export namespace CommandIDs {
  export const packageNotebook = 'modelpack:package-notebook';
  export const packageFile = 'modelpack:package-file';
  export const showPanel = 'modelpack:show-panel';
  export const stopBuild = 'modelpack:stop-build';
  export const openReview = 'modelpack:open-review';
}
