/** The empty frame in the side bar: it costs nothing until it is first shown. */

import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import { Panel, Widget } from '@lumino/widgets';

/** How long to wait before another try to load the content, in milliseconds. */
const PAUSES = [500, 2000];

/** What a person reads when the content cannot be loaded. */
export interface IShellWords {
  failed: string;
  again: string;
}

export class PanelShell extends Panel {
  constructor(
    private readonly load: () => Promise<Widget>,
    private readonly words: IShellWords
  ) {
    super();
    this.addClass('jp-ModelpackPanel');
    this.node.setAttribute('role', 'region');
  }

  /** Emitted with true when the panel comes into view, with false when it leaves it. */
  get looked(): ISignal<this, boolean> {
    return this._looked;
  }

  /**
   * Load the content now, as a command does before the panel is in view.
   *
   * A server that does not answer for a moment is asked again. After that the panel says so, and
   * everybody who waits for the content is told: nobody waits for what does not come.
   */
  async fill(): Promise<void> {
    this.filling ??= this.attempt();
    await this.filling;
  }

  private async attempt(): Promise<void> {
    this.trouble?.dispose();
    for (let tries = 0; ; tries++) {
      try {
        this.addWidget(await this.load());
        return;
      } catch (reason) {
        if (tries === PAUSES.length) {
          this.filling = null;
          this.say();
          throw reason;
        }
        await new Promise(done => setTimeout(done, PAUSES[tries]));
      }
    }
  }

  /** Say that there is no content, and offer another try. */
  private say(): void {
    const text = document.createElement('p');
    text.textContent = this.words.failed;
    const button = document.createElement('button');
    button.className = 'jp-ModelpackPanel-quiet';
    button.textContent = this.words.again;
    button.onclick = () => this.offer();
    this.trouble = new Widget();
    this.trouble.addClass('jp-ModelpackPanel-section');
    this.trouble.node.setAttribute('role', 'alert');
    this.trouble.node.append(text, button);
    this.addWidget(this.trouble);
  }

  /** Fill it for nobody in particular: what goes wrong stands in the panel. */
  offer(): void {
    this.fill().catch(() => undefined);
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
      this.offer();
    }
    this._looked.emit(seen);
  }

  private filling: Promise<void> | null = null;
  private trouble: Widget | null = null;
  private readonly _looked = new Signal<this, boolean>(this);
}
