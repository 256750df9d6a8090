/** A repeated question that is asked only while there is something to wait for. */

import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';

/** Calls `ask` every `interval` milliseconds while it is wanted; backs off when it fails. */
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

  /** Start or stop, when that is not how it stands already; what is known now is not asked at once. */
  beat(wanted: boolean, atOnce = false): void {
    if (wanted === this.beating || this.isDisposed) {
      return;
    }
    this.beating = wanted;
    if (!wanted) {
      void this.poll.stop();
    } else if (atOnce) {
      void this.poll.start();
    } else {
      const { interval } = this.poll.frequency;
      void this.poll.schedule({ interval, phase: 'started' });
    }
  }

  dispose(): void {
    this.poll.dispose();
  }

  private beating = false;
  private readonly poll: Poll;
}
