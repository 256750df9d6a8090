/** A repeated question that is asked only while there is something to wait for. */

import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';

/** Calls `ask` every `interval` milliseconds between `start` and `stop`; backs off when it fails. */
export class Pulse implements IDisposable {
  constructor(ask: () => Promise<void>, interval: number) {
    this.poll = new Poll({
      auto: false,
      factory: ask,
      frequency: { interval, backoff: true, max: 20 * interval },
      name: 'jupyter-modelpack:pulse',
      standby: 'never'
    });
  }

  get isDisposed(): boolean {
    return this.poll.isDisposed;
  }

  /** Start or stop, when that is not how it stands already. */
  beat(wanted: boolean): void {
    if (wanted === this.beating || this.isDisposed) {
      return;
    }
    this.beating = wanted;
    void (wanted ? this.poll.start() : this.poll.stop());
  }

  dispose(): void {
    this.poll.dispose();
  }

  private beating = false;
  private readonly poll: Poll;
}
