/** The promotions that are open, of every package: what waits for you, and what was decided. */

import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { IPromotion, IPromotionsAPI, isOpen, waitsForYou } from '../releases';
import { Problem } from '../tokens';
import { Notices } from './notices';
import { Pulse } from './pulse';
import { Resource } from './resource';

/** How often it looks, in milliseconds. */
interface IIntervals {
  /** While the panel is in view. */
  looking?: number;
  /** While it is not; null: not at all. */
  away?: number | null;
}

/** Every so many looks the list is read although nothing happened. */
const SELDOM = 20;

function isAbsent(problem: Problem | null): boolean {
  const code = problem?.code ?? '';
  return code === 'SERVER_MISSING' || code.endsWith('_UNKNOWN');
}

export class Inbox implements IDisposable {
  constructor(
    private readonly api: IPromotionsAPI,
    private readonly notices: Notices,
    intervals: IIntervals = {}
  ) {
    const { looking = 1500, away = null } = intervals;
    this.list = new Resource(() => api.promotions());
    this.list.changed.connect(this.onList, this);
    this.pulse = new Pulse(() => this.see(), looking);
    this.slow = away === null ? null : new Pulse(() => this.see(), away);
    this.slow?.beat(true);
  }

  /** Those that wait for the one who looks. */
  get waiting(): IPromotion[] {
    return (this.list.value ?? []).filter(waitsForYou);
  }

  /** Emitted when something happened to a release, also to one that was never open here. */
  get moved(): ISignal<this, void> {
    return this._moved;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted once when something that was open is open no more, also if that was before a reload. */
  get decided(): ISignal<this, IPromotion> {
    return this._decided;
  }

  /** Emitted once for each that waits for you, however often the page is loaded. */
  get arrived(): ISignal<this, IPromotion> {
    return this._arrived;
  }

  get isDisposed(): boolean {
    return this.list.isDisposed;
  }

  async refresh(): Promise<void> {
    await this.list.refresh();
    this.beat();
  }

  /** Poll while the panel is in view; of one's own server's work hints tell without that. */
  look(looking: boolean): void {
    this.looking = looking;
    this.beat();
  }

  dispose(): void {
    this.pulse.dispose();
    this.slow?.dispose();
    this.list.dispose();
    Signal.clearData(this);
  }

  /** A server without promotions is not asked again and again. */
  private beat(): void {
    const absent = isAbsent(this.list.problem);
    this.pulse.beat(this.looking && !absent);
    this.slow?.beat(!this.looking && !absent);
  }

  /** Read the list when something happened, and now and then because people's rights change too. */
  private async see(): Promise<void> {
    const before = this.state;
    this.state = await this.api.state().catch(() => null);
    this.seeing += 1;
    if (
      this.state === null ||
      this.state !== before ||
      this.seeing % SELDOM === 0
    ) {
      await this.refresh();
    }
    if (before !== null && this.state !== null && this.state !== before) {
      this._moved.emit();
    }
  }

  private onList(): void {
    if (!this.list.loading && this.list.value !== this.seen) {
      void this.compare(this.list.value ?? []);
    }
    this._changed.emit();
  }

  private async compare(now: IPromotion[]): Promise<void> {
    const before = this.notices.open ?? [];
    this.seen = now;
    const open = now.map(each => each.id);
    this.notices.remember(open);
    for (const each of now) {
      if (waitsForYou(each) && this.notices.once(`waits ${each.id}`)) {
        this._arrived.emit(each);
      }
    }
    for (const id of before.filter(each => !open.includes(each))) {
      await this.conclude(id);
    }
  }

  private async conclude(id: string): Promise<void> {
    try {
      const promotion = await this.api.promotion(id);
      if (
        !this.isDisposed &&
        !isOpen(promotion) &&
        this.notices.once(`decided ${id}`)
      ) {
        this._decided.emit(promotion);
      }
    } catch (reason) {
      // What cannot be read any more is no news; anything else is a bug of ours.
      if (!(reason instanceof Problem)) {
        throw reason;
      }
    }
  }

  private looking = false;
  private state: string | null = null;
  private seeing = 0;
  private seen: IPromotion[] | null = null;
  private readonly list: Resource<IPromotion[]>;
  private readonly pulse: Pulse;
  private readonly slow: Pulse | null;
  private readonly _moved = new Signal<this, void>(this);
  private readonly _changed = new Signal<this, void>(this);
  private readonly _decided = new Signal<this, IPromotion>(this);
  private readonly _arrived = new Signal<this, IPromotion>(this);
}
