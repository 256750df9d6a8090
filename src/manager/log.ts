/** The log of a build or a run, read piece by piece from where the last piece ended. */

import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { ILogChunk, Problem } from '../tokens';
import { Pulse } from './pulse';

/** How much of a long log is kept, in characters: its end. */
const KEPT = 200_000;

export class LogTail implements IDisposable {
  constructor(
    private readonly read: (offset: number) => Promise<ILogChunk>,
    interval = 1000
  ) {
    this.pulse = new Pulse(() => this.more(), interval);
  }

  get text(): string {
    return this._text;
  }

  /** Whether the beginning was dropped because the log is long. */
  get cut(): boolean {
    return this._cut;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.pulse.isDisposed;
  }

  /** Read on while someone is looking, until the log is complete. */
  watch(looking: boolean): void {
    this.pulse.beat(looking && !this.complete, true);
  }

  dispose(): void {
    this.pulse.dispose();
    Signal.clearData(this);
  }

  private async more(): Promise<void> {
    try {
      const chunk = await this.read(this.offset);
      if (this.isDisposed) {
        return;
      }
      const all = this._text + chunk.text;
      this._cut = this._cut || all.length > KEPT;
      this._text = all.slice(-KEPT);
      this.offset = chunk.next_offset;
      this.complete = chunk.complete;
      this._problem = null;
    } catch (reason) {
      this._problem = Problem.from(reason);
      throw reason;
    } finally {
      this._changed.emit();
    }
    if (this.complete) {
      this.pulse.beat(false);
    }
  }

  private _text = '';
  private _cut = false;
  private _problem: Problem | null = null;
  private offset = 0;
  private complete = false;
  private readonly pulse: Pulse;
  private readonly _changed = new Signal<this, void>(this);
}
