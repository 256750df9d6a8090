/** The schedules of one package at Kubeflow, read while someone looks. */

import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { ISchedule, IScheduleRequest, ISchedulesAPI, Problem } from '../tokens';
import { Pulse } from './pulse';
import { Resource } from './resource';

export class SchedulesWatch implements IDisposable {
  constructor(
    private readonly api: ISchedulesAPI,
    readonly name: string,
    /** How often, in milliseconds, it is read when each runs next. */
    interval = 60_000
  ) {
    this.list = new Resource(() => api.schedules(name));
    this.pulse = new Pulse(() => this.list.refresh(), interval);
    this.list.changed.connect(this.onList, this);
  }

  get schedules(): ISchedule[] {
    return this.absent ? [] : (this.list.value ?? []);
  }

  /** What went wrong when one was asked for. */
  get refusal(): Problem | null {
    return this._refusal;
  }

  /** What went wrong when they were read, or something was done to one of them. */
  get problem(): Problem | null {
    return this._problem ?? (this.absent ? null : this.list.problem);
  }

  /** Whether an answer is waited for. */
  get busy(): boolean {
    return this._busy;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.list.isDisposed;
  }

  refresh(): Promise<void> {
    return this.list.refresh();
  }

  /** Whether someone is looking: nothing is read for nobody. */
  look(looking: boolean): void {
    if (looking && !this.looking) {
      void this.list.refresh();
    }
    this.looking = looking;
    this.beat();
  }

  /** Give a release a schedule; the answer is whether Kubeflow has it. */
  async add(request: IScheduleRequest): Promise<boolean> {
    const refused = await this.attempt(() => this.api.addSchedule(request));
    this._refusal = refused;
    await this.list.refresh();
    return refused === null;
  }

  /** Let one run again, or pause it. */
  async enable(id: string, enabled: boolean): Promise<void> {
    this._problem = await this.attempt(() =>
      this.api.enableSchedule(id, enabled)
    );
    await this.list.refresh();
  }

  async remove(id: string): Promise<void> {
    this._problem = await this.attempt(() => this.api.removeSchedule(id));
    await this.list.refresh();
  }

  dispose(): void {
    this.pulse.dispose();
    this.list.dispose();
    Signal.clearData(this);
  }

  /** A server without this route has no schedules. */
  private get absent(): boolean {
    const code = this.list.problem?.code ?? '';
    return code === 'SERVER_MISSING' || code.endsWith('_UNKNOWN');
  }

  private async attempt(
    action: () => Promise<unknown>
  ): Promise<Problem | null> {
    this._busy = true;
    this._changed.emit();
    try {
      await action();
      return null;
    } catch (reason) {
      return Problem.from(reason);
    } finally {
      this._busy = false;
    }
  }

  private onList(): void {
    this.beat();
    this._changed.emit();
  }

  private beat(): void {
    this.pulse.beat(this.looking && this.schedules.length > 0);
  }

  private looking = false;
  private _busy = false;
  private _refusal: Problem | null = null;
  private _problem: Problem | null = null;
  private readonly list: Resource<ISchedule[]>;
  private readonly pulse: Pulse;
  private readonly _changed = new Signal<this, void>(this);
}
