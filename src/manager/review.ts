/** One promotion under review, followed until it is over. */

import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import {
  IDecision,
  IIdentity,
  IMeasured,
  IReleasesAPI,
  IReview,
  isOpen
} from '../releases';
import {
  IInspectionAPI,
  IRun,
  IRunsAPI,
  IService,
  isOver,
  Problem
} from '../tokens';
import { Pulse } from './pulse';
import { Resource } from './resource';

export class ReviewWatch implements IDisposable {
  constructor(
    private readonly api: IReleasesAPI &
      IRunsAPI &
      Pick<IInspectionAPI, 'info'>,
    readonly id: string,
    interval = 2000
  ) {
    this.promotion = new Resource(() => api.promotion(id));
    this.pulse = new Pulse(() => this.promotion.refresh(), interval);
    this.promotion.changed.connect(this.onChange, this);
  }

  get value(): IReview | null {
    return this.promotion.value;
  }

  get problem(): Problem | null {
    return this.promotion.problem;
  }

  /** What each release measured, oldest first; empty where it is not known. */
  get measured(): IMeasured[] {
    return this._measured;
  }

  /** The runs of this release that are over. */
  get runs(): IRun[] {
    return this._runs;
  }

  /** As whom a decision is made; null while it is not known. */
  get identity(): IIdentity | null {
    return this._identity;
  }

  /** The service on whose pages it is decided, null where that is here; undefined until it is known. */
  get service(): IService | null | undefined {
    return this._service;
  }

  get deciding(): boolean {
    return this._deciding;
  }

  /** Why the last decision was not taken. */
  get refusal(): Problem | null {
    return this._refusal;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.promotion.isDisposed;
  }

  async open(): Promise<void> {
    await Promise.all([this.promotion.refresh(), this.readService()]);
    const { value } = this;
    if (value && !this.isDisposed) {
      await Promise.all([
        this.readMetrics(value),
        this.readIdentity(value),
        this.readRuns(value)
      ]);
      this._changed.emit();
    }
  }

  /** Whether someone is looking: nothing is polled for nobody. */
  look(looking: boolean): void {
    this.looking = looking;
    this.beat(true);
  }

  hint(id: string): void {
    if (id === this.id) {
      void this.promotion.refresh();
    }
  }

  /** Decide on what is shown: were it to change in the meantime, the server would refuse. */
  async decide(decision: IDecision): Promise<void> {
    const read = this.value;
    if (this._deciding || !read) {
      return;
    }
    this._deciding = true;
    this._refusal = null;
    this._changed.emit();
    try {
      const { digest, generation, policy } = read;
      await this.api.decide(this.id, {
        ...decision,
        digest,
        policy,
        generation
      });
    } catch (reason) {
      this._refusal = Problem.from(reason);
    }
    this._deciding = false;
    await this.promotion.refresh();
  }

  dispose(): void {
    this.pulse.dispose();
    this.promotion.dispose();
    Signal.clearData(this);
  }

  /** A run's notebook as static HTML that the server has made safe. */
  runNotebook(id: string): Promise<string> {
    return this.api.runNotebook(id);
  }

  private async readService(): Promise<void> {
    const info = await this.api.info().catch(() => null);
    this._service = info?.service ?? null;
  }

  // These only add to the page: without them it is still complete.
  private async readMetrics({ name }: IReview): Promise<void> {
    this._measured = await this.api.metrics(name).catch(() => []);
  }

  private async readIdentity({ name }: IReview): Promise<void> {
    const lanes = await this.api.environments(name, '').catch(() => null);
    this._identity = lanes?.identity ?? null;
  }

  private async readRuns({ name, version }: IReview): Promise<void> {
    const runs = await this.api.runs({ name, version }).catch(() => []);
    this._runs = runs.filter(run => isOver(run.phase)).slice(0, 5);
  }

  private onChange(): void {
    this.beat();
    this._changed.emit();
  }

  private beat(atOnce = false): void {
    const { value } = this;
    this.pulse.beat(this.looking && value !== null && isOpen(value), atOnce);
  }

  private looking = false;
  private _deciding = false;
  private _refusal: Problem | null = null;
  private _runs: IRun[] = [];
  private _service: IService | null | undefined = undefined;
  private _measured: IMeasured[] = [];
  private _identity: IIdentity | null = null;
  private readonly promotion: Resource<IReview>;
  private readonly pulse: Pulse;
  private readonly _changed = new Signal<this, void>(this);
}
