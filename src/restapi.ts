/** The only file that talks HTTP: each method is one request, validated. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import {
  IBoundDecision,
  IEnvironments,
  IHistoryEntry,
  IMeasured,
  IPromotion,
  IPromotionRequest,
  IReleasesAPI,
  IReview
} from './releases';
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
} from './tokens';
import { info, inspection, offers, problem } from './validate/notebook';
import { exported, packageDetail, packages } from './validate/package';
import {
  environments,
  history,
  measured,
  promotion,
  promotions,
  review,
  state
} from './validate/release';
import { schedule, schedules } from './validate/schedule';
import { record, ShapeError } from './validate/shape';
import {
  build,
  builds,
  logChunk,
  run,
  runNotebook,
  runs
} from './validate/work';

type Query = Record<string, string | number>;

/** The server's answers about notebooks, builds, packages, runs and releases. */
export class RestAPI implements IModelpackAPI, IReleasesAPI {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  async info(): Promise<IInfo> {
    return info(await this.get(['info']), '');
  }

  async inspection(path: string): Promise<IInspection> {
    return inspection(await this.get(['inspection'], { path }), '');
  }

  async builds(path: string): Promise<IBuild[]> {
    return builds(await this.get(['builds'], { path }));
  }

  async build(id: string): Promise<IBuild> {
    return build(await this.get(['builds', id]), '');
  }

  async startBuild(request: IBuildRequest): Promise<IBuild> {
    return build(await this.send('POST', ['builds'], request), '');
  }

  async stopBuild(id: string): Promise<void> {
    await this.send('DELETE', ['builds', id]);
  }

  async buildLog(id: string, offset: number): Promise<ILogChunk> {
    return logChunk(await this.get(['builds', id, 'log'], { offset }), '');
  }

  async packages(path: string, before = ''): Promise<IPage<IPackageSummary>> {
    return packages(await this.get(['packages'], { path, before }));
  }

  async package(name: string, version: string): Promise<IPackage> {
    return packageDetail(await this.get(['packages', name, version]), '');
  }

  async exportPackage(
    { name, version }: IReference,
    request: IExportRequest
  ): Promise<{ path: string; size: number }> {
    const at = ['packages', name, version, 'export'];
    return exported(await this.send('POST', at, request), '');
  }

  async runs({ name, version }: IReference): Promise<IRun[]> {
    return runs(await this.get(['runs'], { name, version }));
  }

  async startRun(request: IRunRequest): Promise<IRun> {
    return run(await this.send('POST', ['runs'], request), '');
  }

  async stopRun(id: string): Promise<void> {
    await this.send('DELETE', ['runs', id]);
  }

  async retryRun(id: string): Promise<IRun> {
    return run(await this.send('POST', ['runs', id, 'retry']), '');
  }

  async runLog(id: string, offset: number): Promise<ILogChunk> {
    return logChunk(await this.get(['runs', id, 'log'], { offset }), '');
  }

  async runNotebook(id: string): Promise<string> {
    return runNotebook(await this.get(['runs', id, 'notebook']));
  }

  runFile(id: string, path: string): string {
    return this.address(['runs', id, 'files'], { path });
  }

  async schedules(name: string): Promise<ISchedule[]> {
    return schedules(await this.get(['schedules'], { name }));
  }

  async addSchedule(request: IScheduleRequest): Promise<ISchedule> {
    return schedule(await this.send('POST', ['schedules'], request), '');
  }

  async enableSchedule(id: string, enabled: boolean): Promise<ISchedule> {
    const at = ['schedules', id];
    return schedule(await this.send('POST', at, { enabled }), '');
  }

  async removeSchedule(id: string): Promise<void> {
    await this.send('DELETE', ['schedules', id]);
  }

  async offers(
    { name, version }: IReference,
    backend: string
  ): Promise<IOffers> {
    return offers(await this.get(['offers'], { backend, name, version }), '');
  }

  async environments(name: string, path: string): Promise<IEnvironments> {
    return environments(await this.get(['environments'], { name, path }), '');
  }

  async history(
    name: string,
    environment: string,
    at: string,
    before = ''
  ): Promise<IPage<IHistoryEntry>> {
    const query = { name, environment, at, before };
    return history(await this.get(['history'], query));
  }

  async metrics(name: string): Promise<IMeasured[]> {
    return measured(await this.get(['packages', name]));
  }

  async state(): Promise<string> {
    return state(await this.get(['state']));
  }

  async promotions(): Promise<IPromotion[]> {
    return promotions(await this.get(['promotions'], { open: 'true' }));
  }

  async promotion(id: string): Promise<IReview> {
    return review(await this.get(['promotions', id]), '');
  }

  async promote(request: IPromotionRequest): Promise<IPromotion> {
    return promotion(await this.send('POST', ['promotions'], request), '');
  }

  async rollBack(request: IPromotionRequest): Promise<IPromotion> {
    return promotion(await this.send('POST', ['rollbacks'], request), '');
  }

  async decide(id: string, decision: IBoundDecision): Promise<IPromotion> {
    const at = ['promotions', id, 'decision'];
    return promotion(await this.send('POST', at, decision), '');
  }

  async withdraw(id: string): Promise<void> {
    await this.send('DELETE', ['promotions', id]);
  }

  private get(parts: string[], query: Query = {}): Promise<unknown> {
    return this.request(parts, { method: 'GET', cache: 'no-store' }, query);
  }

  private send(
    method: 'POST' | 'DELETE',
    parts: string[],
    body?: object
  ): Promise<unknown> {
    const init = body ? { method, body: JSON.stringify(body) } : { method };
    return this.request(parts, init, {});
  }

  private address(parts: string[], query: Query): string {
    const path = URLExt.join(
      this.settings.baseUrl,
      'jupyter-modelpack',
      ...parts.map(encodeURIComponent)
    );
    const words = Object.entries(query)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
    return words.length ? `${path}?${words.join('&')}` : path;
  }

  private async request(
    parts: string[],
    init: RequestInit,
    query: Query
  ): Promise<unknown> {
    const url = this.address(parts, query);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch (reason) {
      throw new Problem('UNREACHABLE', String(reason));
    }
    const body = parse(await response.text());
    if (!response.ok) {
      throw refusal(response, body);
    }
    return body;
  }
}

function parse(body: string): unknown {
  try {
    return body ? JSON.parse(body) : null;
  } catch {
    return undefined;
  }
}

/** The error that the server named; a 404 without one means that nobody listens there. */
function refusal(response: Response, body: unknown): Problem {
  try {
    const named = record({ error: problem })(body, '').error;
    return new Problem(named.code, named.message, named.advice);
  } catch (reason) {
    if (!(reason instanceof ShapeError)) {
      throw reason;
    }
  }
  if (response.status === 404) {
    return new Problem('SERVER_MISSING', response.statusText);
  }
  if (response.status === 401 || response.status === 403) {
    return new Problem('NOT_PERMITTED', response.statusText);
  }
  return new Problem('BUG', `${response.status} ${response.statusText}`);
}
