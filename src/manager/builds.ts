/** The newest build of one notebook, followed until it is over. */

import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { IBuild, IBuildRequest, IBuildsAPI, isOver, Problem } from '../tokens';
import { LogTail } from './log';
import { Pulse } from './pulse';

export class BuildWatch implements IDisposable {
  constructor(
    private readonly api: IBuildsAPI,
    readonly path: string,
    interval = 700
  ) {
    this.pulse = new Pulse(() => this.reread(), interval);
  }

  get build(): IBuild | null {
    return this._build;
  }

  /** What went wrong when the build was asked for, stopped or read. */
  get problem(): Problem | null {
    return this._problem;
  }

  get running(): boolean {
    return this._build !== null && !isOver(this._build.phase);
  }

  get starting(): boolean {
    return this._starting;
  }

  get stopping(): boolean {
    return this._stopping && this.running;
  }

  get log(): LogTail | null {
    return this._log;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted once when a build that was seen running, or was just asked for, is over. */
  get finished(): ISignal<this, IBuild> {
    return this._finished;
  }

  get isDisposed(): boolean {
    return this.pulse.isDisposed;
  }

  /** Find the newest build there is. */
  async find(): Promise<void> {
    await this.attempt(async () => {
      const [newest] = await this.api.builds(this.path);
      if (newest && !this._starting) {
        this.note(newest);
      }
    });
  }

  async start(request: IBuildRequest): Promise<void> {
    if (this._starting || this.running) {
      return;
    }
    this._starting = true;
    this._changed.emit();
    await this.attempt(async () => {
      this.awaited = true;
      this.note(await this.api.startBuild(request));
    });
    this._starting = false;
    this._changed.emit();
  }

  async stop(): Promise<void> {
    const build = this._build;
    if (!build || !this.running) {
      return;
    }
    this._stopping = true;
    this._changed.emit();
    await this.attempt(() => this.api.stopBuild(build.id));
    this._stopping = this._problem === null;
    await this.attempt(() => this.reread());
  }

  /** The server hinted that this build moved. */
  hint(id: string): void {
    if (id === this._build?.id) {
      void this.attempt(() => this.reread());
    }
  }

  dispose(): void {
    this.pulse.dispose();
    this._log?.dispose();
    Signal.clearData(this);
  }

  private async reread(): Promise<void> {
    const id = this._build?.id;
    if (id) {
      this.note(await this.api.build(id));
    }
  }

  private async attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
      this._problem = null;
    } catch (reason) {
      this._problem = Problem.from(reason);
    }
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private note(build: IBuild): void {
    if (this.isDisposed) {
      return;
    }
    if (build.id !== this._build?.id) {
      this._log?.dispose();
      this._log = new LogTail(offset => this.api.buildLog(build.id, offset));
      this._stopping = false;
    }
    this._build = build;
    this.pulse.beat(this.running);
    this._changed.emit();
    if (this.running) {
      this.awaited = true;
    } else if (this.awaited) {
      this.awaited = false;
      this._finished.emit(build);
    }
  }

  private _build: IBuild | null = null;
  private _problem: Problem | null = null;
  private _starting = false;
  private _stopping = false;
  private _log: LogTail | null = null;
  private awaited = false;
  private readonly pulse: Pulse;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _finished = new Signal<this, IBuild>(this);
}
