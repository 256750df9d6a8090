/** The empty frame in the side bar: it costs nothing until it is first shown. */

import { PromiseDelegate } from '@lumino/coreutils';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import { Panel, Widget } from '@lumino/widgets';

export class PanelShell extends Panel {
  constructor(private readonly load: () => Promise<Widget>) {
    super();
    this.addClass('jp-ModelpackPanel');
    this.node.setAttribute('role', 'region');
  }

  /** Resolves when the content is there. */
  get ready(): Promise<void> {
    return this.filled.promise;
  }

  /** Emitted with true when the panel comes into view, with false when it leaves it. */
  get looked(): ISignal<this, boolean> {
    return this._looked;
  }

  /** Load the content now, as a command does before the panel is in view. */
  async fill(): Promise<void> {
    if (!this.asked) {
      this.asked = true;
      try {
        const body = await this.load();
        this.addWidget(body);
        this.filled.resolve();
      } catch (reason) {
        this.asked = false;
        throw reason;
      }
    }
    await this.ready;
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.see(this.isVisible);
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.see(true);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.see(false);
  }

  protected override onBeforeDetach(message: Message): void {
    this.see(false);
    super.onBeforeDetach(message);
  }

  private see(seen: boolean): void {
    if (seen) {
      void this.fill();
    }
    this._looked.emit(seen);
  }

  private asked = false;
  private readonly filled = new PromiseDelegate<void>();
  private readonly _looked = new Signal<this, boolean>(this);
}
