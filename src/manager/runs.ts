/** The runs of one package, followed while any of them moves and someone looks. */

import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import {
  IOffers,
  IReference,
  IRun,
  IRunRequest,
  IRunsAPI,
  isOver,
  Problem
} from '../tokens';
import { LogTail } from './log';
import { Pulse } from './pulse';
import { Resource } from './resource';

export class RunsWatch implements IDisposable {
  constructor(
    private readonly api: IRunsAPI,
    readonly reference: IReference,
    interval = 1000
  ) {
    this.list = new Resource(() => api.runs(reference));
    this.pulse = new Pulse(() => this.list.refresh(), interval);
    this.list.changed.connect(this.onList, this);
  }

  get runs(): IRun[] {
    return this.list.value ?? [];
  }

  /** How many are over; null while that is not known. */
  get ended(): number | null {
    const runs = this.list.value;
    return runs && runs.filter(run => isOver(run.phase)).length;
  }

  /** What went wrong when a run was asked for by the form. */
  get refusal(): Problem | null {
    return this._refusal;
  }

  /** What went wrong when the runs were read, or something was done to one of them. */
  get problem(): Problem | null {
    return this._problem ?? this.list.problem;
  }

  get starting(): boolean {
    return this._starting;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Where a file that a run wrote can be had. */
  file(id: string, path: string): string {
    return this.api.runFile(id, path);
  }

  get isDisposed(): boolean {
    return this.list.isDisposed;
  }

  refresh(): Promise<void> {
    return this.list.refresh();
  }

  /** Whether someone is looking: nothing is polled for nobody. */
  look(looking: boolean): void {
    this.looking = looking;
    this.beat();
  }

  /** Start a run; the answer is whether the server took it. */
  async start(request: IRunRequest): Promise<boolean> {
    this._starting = true;
    this._changed.emit();
    this._refusal = await this.attempt(() => this.api.startRun(request));
    this._starting = false;
    await this.list.refresh();
    return this._refusal === null;
  }

  /** Start the same once more. */
  again(request: IRunRequest): Promise<void> {
    return this.act(() => this.api.startRun(request));
  }

  /** Go on with a failed run. */
  retry(id: string): Promise<void> {
    return this.act(() => this.api.retryRun(id));
  }

  stop(id: string): Promise<void> {
    return this.act(() => this.api.stopRun(id));
  }

  /** The server hinted that a run moved. */
  hint(id: string): void {
    if (this.runs.some(run => run.id === id)) {
      void this.list.refresh();
    }
  }

  log(id: string): LogTail {
    let log = this.logs.get(id);
    if (!log) {
      log = new LogTail(offset => this.api.runLog(id, offset));
      log.changed.connect(this.onLog, this);
      this.logs.set(id, log);
    }
    return log;
  }

  /** What a cluster offers; nothing is known before it is asked. */
  offers(backend: string): Resource<IOffers> {
    let found = this.places.get(backend);
    if (!found) {
      found = new Resource(() => this.api.offers(this.reference, backend));
      found.changed.connect(this.onLog, this);
      this.places.set(backend, found);
    }
    return found;
  }

  dispose(): void {
    this.places.forEach(place => place.dispose());
    this.places.clear();
    this.pulse.dispose();
    this.list.dispose();
    this.logs.forEach(log => log.dispose());
    this.logs.clear();
    Signal.clearData(this);
  }

  /** Do something to a run; a second click on the same button starts nothing twice. */
  private async act(action: () => Promise<unknown>): Promise<void> {
    if (this.acting) {
      return;
    }
    this.acting = true;
    this._problem = await this.attempt(action);
    this.acting = false;
    await this.list.refresh();
  }

  private async attempt(
    action: () => Promise<unknown>
  ): Promise<Problem | null> {
    try {
      await action();
      return null;
    } catch (reason) {
      return Problem.from(reason);
    }
  }

  private onList(): void {
    this.beat();
    this._changed.emit();
  }

  private onLog(): void {
    this._changed.emit();
  }

  private beat(): void {
    this.pulse.beat(this.looking && this.runs.some(run => !isOver(run.phase)));
  }

  private looking = false;
  private acting = false;
  private _starting = false;
  private _refusal: Problem | null = null;
  private _problem: Problem | null = null;
  private readonly list: Resource<IRun[]>;
  private readonly logs = new Map<string, LogTail>();
  private readonly places = new Map<string, Resource<IOffers>>();
  private readonly pulse: Pulse;
  private readonly _changed = new Signal<this, void>(this);
}
