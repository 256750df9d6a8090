/** A value that is read from the server, with what went wrong the last time. */

import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Problem } from '../tokens';

/** Reads one thing again and again; an answer that comes after one to a later question is dropped. */
export class Resource<T> implements IDisposable {
  constructor(private readonly read: () => Promise<T>) {}

  /** The newest value, kept while a later reading fails. */
  get value(): T | null {
    return this._value;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  get loading(): boolean {
    return this._loading;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  async refresh(): Promise<void> {
    if (this._isDisposed) {
      return;
    }
    const question = ++this._asked;
    this._loading = true;
    this._changed.emit();
    let value = this._value;
    let problem: Problem | null = null;
    try {
      value = await this.read();
    } catch (reason) {
      problem = Problem.from(reason);
    }
    if (question > this._answered && !this._isDisposed) {
      this._answered = question;
      this._value = problem ? this._value : value;
      this._problem = problem;
      this._loading = question !== this._asked;
      this._changed.emit();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _value: T | null = null;
  private _problem: Problem | null = null;
  private _loading = false;
  private _isDisposed = false;
  private _asked = 0;
  private _answered = 0;
  private readonly _changed = new Signal<this, void>(this);
}
