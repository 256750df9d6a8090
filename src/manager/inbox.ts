/** The promotions that are open, of every package: what waits for you, and what was decided. */

import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { IPromotion, IPromotionsAPI, isOpen, waitsForYou } from '../releases';
import { Problem } from '../tokens';
import { Notices } from './notices';
import { Pulse } from './pulse';
import { Resource } from './resource';

export class Inbox implements IDisposable {
  constructor(
    private readonly api: IPromotionsAPI,
    private readonly notices: Notices,
    interval = 5000
  ) {
    this.list = new Resource(() => api.promotions());
    this.list.changed.connect(this.onList, this);
    this.pulse = new Pulse(() => this.refresh(), interval);
  }

  /** Those that wait for the one who looks. */
  get waiting(): IPromotion[] {
    return (this.list.value ?? []).filter(waitsForYou);
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

  /** Poll while the panel is in view; hints reach it without that. */
  look(looking: boolean): void {
    this.looking = looking;
    this.beat();
  }

  dispose(): void {
    this.pulse.dispose();
    this.list.dispose();
    Signal.clearData(this);
  }

  /** A server without promotions is not asked again and again. */
  private beat(): void {
    const code = this.list.problem?.code ?? '';
    const absent = code === 'SERVER_MISSING' || code.endsWith('_UNKNOWN');
    this.pulse.beat(this.looking && !absent);
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
  private seen: IPromotion[] | null = null;
  private readonly list: Resource<IPromotion[]>;
  private readonly pulse: Pulse;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _decided = new Signal<this, IPromotion>(this);
  private readonly _arrived = new Signal<this, IPromotion>(this);
}
