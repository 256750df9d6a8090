/** Where the releases of one package live, followed while something moves and someone looks. */

import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import {
  IEnvironments,
  IHistoryEntry,
  IPromotion,
  IPromotionRequest,
  IReleasesAPI
} from '../releases';
import { IListing, Problem } from '../tokens';
import { Listing } from './listing';
import { Pulse } from './pulse';
import { Resource } from './resource';

/** A version for an environment, and why. */
export interface IWish {
  version: string;
  environment: string;
  reason: string;
}

export class EnvironmentsWatch implements IDisposable {
  constructor(
    private readonly api: IReleasesAPI,
    readonly path: string,
    interval = 1500
  ) {
    this.lanes = new Resource(() => this.read());
    this.pulse = new Pulse(() => this.lanes.refresh(), interval);
    this.lanes.changed.connect(this.onLanes, this);
  }

  /** Null while nothing is known, and where the server knows no environments. */
  get value(): IEnvironments | null {
    return this.absent ? null : this.lanes.value;
  }

  /** What went wrong, except that there is nothing to show. */
  get problem(): Problem | null {
    return this.absent ? null : this.lanes.problem;
  }

  /** What went wrong with the last thing that was asked for, and in which environment. */
  get refusal(): { environment: string; problem: Problem } | null {
    return this._refusal;
  }

  /** The environment that something is being asked of. */
  get asking(): string | null {
    return this._asking;
  }

  /** A request that ended without reaching its environment, until something else happens there. */
  outcome(environment: string): IPromotion | null {
    return this.outcomes.get(environment) ?? null;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.lanes.isDisposed;
  }

  /** The package whose environments these are; none when nothing is packaged yet. */
  async about(name: string | null): Promise<void> {
    this.name = name;
    await this.refresh();
  }

  async refresh(): Promise<void> {
    if (this.name !== null) {
      await this.lanes.refresh();
    }
  }

  /** Whether someone is looking: nothing is polled for nobody. */
  look(looking: boolean): void {
    this.looking = looking;
    this.beat();
  }

  /** Ask for a promotion; the answer is whether the server took it. */
  promote(wish: IWish): Promise<boolean> {
    const request = this.bound(wish);
    return this.ask(wish.environment, async () =>
      this.note(await this.api.promote(request))
    );
  }

  rollBack(wish: IWish): Promise<boolean> {
    const request = this.bound(wish);
    return this.ask(wish.environment, async () =>
      this.note(await this.api.rollBack(request))
    );
  }

  /** What an environment held, newest first, or at a moment; whoever reads it disposes of it. */
  history(environment: string, at: string): IListing<IHistoryEntry> {
    const name = this.name ?? '';
    return new Listing(
      before => this.api.history(name, environment, at, before),
      each => `${each.at} ${each.version}`
    );
  }

  withdraw(environment: string, id: string): Promise<boolean> {
    return this.ask(environment, () => this.api.withdraw(id));
  }

  dispose(): void {
    this.pulse.dispose();
    this.lanes.dispose();
    Signal.clearData(this);
  }

  /** The wish about the environment as it is shown. */
  private bound(wish: IWish): IPromotionRequest {
    const seen = this.value?.environments.find(
      each => each.name === wish.environment
    );
    const generation = seen?.generation ?? null;
    return { name: this.name ?? '', ...wish, generation };
  }

  private async read(): Promise<IEnvironments> {
    return this.api.environments(this.name ?? '', this.path);
  }

  /** A server without these routes, or one that knows no such package, has nothing to show. */
  private get absent(): boolean {
    const code = this.lanes.problem?.code ?? '';
    return code === 'SERVER_MISSING' || code.endsWith('_UNKNOWN');
  }

  private async ask(
    environment: string,
    action: () => Promise<unknown>
  ): Promise<boolean> {
    if (this._asking !== null) {
      return false;
    }
    this._asking = environment;
    this._refusal = null;
    this.outcomes.delete(environment);
    this._changed.emit();
    try {
      await action();
    } catch (reason) {
      this._refusal = { environment, problem: Problem.from(reason) };
    }
    this._asking = null;
    await this.lanes.refresh();
    return this._refusal === null;
  }

  private onLanes(): void {
    this.beat();
    for (const { name, waiting } of this.value?.environments ?? []) {
      const before = this.waited.get(name);
      if (before && before !== waiting?.id) {
        void this.conclude(before);
      }
      this.waited.set(name, waiting?.id ?? null);
    }
    this._changed.emit();
  }

  private async conclude(id: string): Promise<void> {
    // That it is over is seen in the lane; how it ended is a kindness that may fail.
    const ended = await this.api.promotion(id).catch(() => null);
    if (ended && !this.isDisposed) {
      this.note(ended);
      this._changed.emit();
    }
  }

  private note(promotion: IPromotion): void {
    if (['Rejected', 'Failed', 'Errored'].includes(promotion.phase)) {
      this.outcomes.set(promotion.environment, promotion);
    }
  }

  private beat(): void {
    const moving = this.value?.environments.some(each => each.waiting !== null);
    this.pulse.beat(this.looking && moving === true);
  }

  private name: string | null = null;
  private readonly waited = new Map<string, string | null>();
  private readonly outcomes = new Map<string, IPromotion>();
  private looking = false;
  private _asking: string | null = null;
  private _refusal: { environment: string; problem: Problem } | null = null;
  private readonly lanes: Resource<IEnvironments>;
  private readonly pulse: Pulse;
  private readonly _changed = new Signal<this, void>(this);
}
