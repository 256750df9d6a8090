/** A server in memory: it answers from its fields and notes what it was asked. */

import {
  IBoundDecision,
  IEnvironments,
  IHistoryEntry,
  IMeasured,
  IPromotion,
  IPromotionRequest,
  IReleasesAPI,
  IReview
} from '../releases';
import {
  IBuild,
  IBuildRequest,
  IExportRequest,
  IInfo,
  IInspection,
  ILogChunk,
  IModelpackAPI,
  IOffers,
  IPackage,
  IPackageSummary,
  IPage,
  IReference,
  IRun,
  IRunRequest,
  ISchedule,
  IScheduleRequest,
  Problem
} from '../tokens';
import { info, inspection, offers } from '../validate/notebook';
import { packageDetail, packages } from '../validate/package';
import { environments, history, promotions, review } from '../validate/release';
import { schedules } from '../validate/schedule';
import { build, run } from '../validate/work';
import { golden } from './golden';

export class FakeAPI implements IModelpackAPI, IReleasesAPI {
  readonly asked: string[] = [];
  refusal: Problem | null = null;
  theInspection: IInspection = inspection(golden('inspection'), '');
  theBuilds: IBuild[] = [];
  /** What each next question about a build answers; the last stays. */
  nextBuilds: IBuild[] = [];
  thePackages: IPackageSummary[] = packages(golden('packages')).items;
  olderPackages: IPackageSummary[] = [];
  theRuns: IRun[] = [];
  theSchedules: ISchedule[] = schedules(golden('schedules'));
  theLog = '';
  theEnvironments: IEnvironments = environments(golden('environments'), '');
  theState = '7';
  thePromotions: IPromotion[] = promotions(golden('promotions')).slice(0, 1);
  theReview: IReview = review(golden('promotion'), '');

  count(start: string): number {
    return this.asked.filter(question => question.startsWith(start)).length;
  }

  async info(): Promise<IInfo> {
    return this.answer('info', info(golden('info'), ''));
  }

  async inspection(path: string): Promise<IInspection> {
    return this.answer(`inspection ${path}`, this.theInspection);
  }

  async builds(path: string): Promise<IBuild[]> {
    return this.answer(`builds ${path}`, this.theBuilds);
  }

  async build(id: string): Promise<IBuild> {
    const [next, ...rest] = this.nextBuilds;
    this.nextBuilds = rest.length ? rest : [next];
    return this.answer(`build ${id}`, next);
  }

  async startBuild(request: IBuildRequest): Promise<IBuild> {
    return this.answer(
      `startBuild ${JSON.stringify(request)}`,
      build(golden('build_running'), '')
    );
  }

  async stopBuild(id: string): Promise<void> {
    return this.answer(`stopBuild ${id}`, undefined);
  }

  async buildLog(id: string, offset: number): Promise<ILogChunk> {
    return this.answer(`buildLog ${id} ${offset}`, this.chunk(offset));
  }

  async packages(path: string, before = ''): Promise<IPage<IPackageSummary>> {
    const older = this.olderPackages;
    return this.answer(
      `packages ${path}${before && ` ${before}`}`,
      before
        ? { items: older, next: null }
        : { items: this.thePackages, next: older.length ? '7' : null }
    );
  }

  async package(name: string, version: string): Promise<IPackage> {
    return this.answer(`package ${name} ${version}`, {
      ...packageDetail(golden('package'), ''),
      name,
      version
    });
  }

  async exportPackage(
    { name, version }: IReference,
    request: IExportRequest
  ): Promise<{ path: string; size: number }> {
    return this.answer(`export ${name} ${version} ${JSON.stringify(request)}`, {
      path: request.path,
      size: 1000
    });
  }

  async runs({ name, version }: IReference): Promise<IRun[]> {
    return this.answer(`runs ${name} ${version}`, this.theRuns);
  }

  async startRun(request: IRunRequest): Promise<IRun> {
    return this.answer(
      `startRun ${JSON.stringify(request)}`,
      run(golden('run'), '')
    );
  }

  async stopRun(id: string): Promise<void> {
    return this.answer(`stopRun ${id}`, undefined);
  }

  async retryRun(id: string): Promise<IRun> {
    return this.answer(`retryRun ${id}`, run(golden('run_kubeflow'), ''));
  }

  async schedules(name: string): Promise<ISchedule[]> {
    return this.answer(`schedules ${name}`, this.theSchedules);
  }

  async addSchedule(request: IScheduleRequest): Promise<ISchedule> {
    return this.answer(
      `addSchedule ${JSON.stringify(request)}`,
      this.theSchedules[0]
    );
  }

  async enableSchedule(id: string, enabled: boolean): Promise<ISchedule> {
    const [first] = this.theSchedules;
    return this.answer(`enableSchedule ${id} ${enabled}`, first);
  }

  async removeSchedule(id: string): Promise<void> {
    return this.answer(`removeSchedule ${id}`, undefined);
  }

  async runLog(id: string, offset: number): Promise<ILogChunk> {
    return this.answer(`runLog ${id} ${offset}`, this.chunk(offset));
  }

  async runNotebook(id: string): Promise<string> {
    return this.answer(`runNotebook ${id}`, '<p>As it ran</p>');
  }

  runFile(id: string, path: string): string {
    return `/runs/${id}/files?path=${path}`;
  }

  async offers(
    { name, version }: IReference,
    backend: string
  ): Promise<IOffers> {
    return this.answer(
      `offers ${backend} ${name} ${version}`,
      offers(golden('offers'), '')
    );
  }

  async environments(name: string, path: string): Promise<IEnvironments> {
    return this.answer(`environments ${name} ${path}`, this.theEnvironments);
  }

  async history(
    name: string,
    environment: string,
    at: string
  ): Promise<IPage<IHistoryEntry>> {
    return this.answer(
      `history ${name} ${environment} ${at}`,
      history(golden('history'))
    );
  }

  async metrics(name: string): Promise<IMeasured[]> {
    return this.answer(`metrics ${name}`, [...this.thePackages].reverse());
  }

  async state(): Promise<string> {
    return this.answer('state', this.theState);
  }

  async promotions(): Promise<IPromotion[]> {
    return this.answer('promotions', this.thePromotions);
  }

  async promotion(id: string): Promise<IReview> {
    return this.answer(`promotion ${id}`, this.theReview);
  }

  async promote(request: IPromotionRequest): Promise<IPromotion> {
    return this.answer(`promote ${JSON.stringify(request)}`, this.theReview);
  }

  async rollBack(request: IPromotionRequest): Promise<IPromotion> {
    return this.answer(`rollBack ${JSON.stringify(request)}`, this.theReview);
  }

  async decide(id: string, decision: IBoundDecision): Promise<IPromotion> {
    return this.answer(
      `decide ${id} ${JSON.stringify(decision)}`,
      this.theReview
    );
  }

  async withdraw(id: string): Promise<void> {
    return this.answer(`withdraw ${id}`, undefined);
  }

  private chunk(offset: number): ILogChunk {
    return {
      offset,
      text: this.theLog.slice(offset),
      next_offset: this.theLog.length,
      complete: false
    };
  }

  private async answer<T>(question: string, value: T): Promise<T> {
    this.asked.push(question);
    if (this.refusal) {
      throw this.refusal;
    }
    return value;
  }
}

/** Let promises that are already settled take their course. */
export async function settle(rounds = 12): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await Promise.resolve();
  }
}

/** Wait until something holds, or fail after two seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 2000;
  while (!holds()) {
    if (Date.now() > end) {
      throw new Error(`It never held: ${holds}`);
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
