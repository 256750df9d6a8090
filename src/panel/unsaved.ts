/** Whether an open notebook differs from its file in anything that packaging reads. */

import { NotebookPanel } from '@jupyterlab/notebook';
import { Contents } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

interface ICellLike {
  readonly cell_type?: unknown;
  readonly source?: unknown;
  readonly execution_count?: unknown;
  readonly metadata?: unknown;
}

/**
 * Jupyter marks a notebook as changed when its kernel starts and says which Python it is. Asking
 * a person to save that would be asking about something that they did not do.
 */
export class Unsaved implements IDisposable {
  constructor(
    private readonly panel: NotebookPanel,
    private readonly contents: Contents.IManager
  ) {
    panel.context.saveState.connect(this.onSave, this);
    void this.begin();
  }

  /** Emitted when it is known what the file holds. */
  get known(): ISignal<this, void> {
    return this._known;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether there is something to save; as long as the file is not known, what Jupyter says. */
  get differs(): boolean {
    const { model } = this.panel.context;
    return (
      model.dirty && (this.saved === null || this.current() !== this.saved)
    );
  }

  dispose(): void {
    this._isDisposed = true;
    this.panel.context.saveState.disconnect(this.onSave, this);
    Signal.clearData(this);
  }

  private async begin(): Promise<void> {
    const { context } = this.panel;
    await context.ready;
    if (this._isDisposed || this.panel.isDisposed) {
      return;
    }
    if (!context.model.dirty) {
      this.saved = this.current();
      return;
    }
    try {
      const file = await this.contents.get(context.path, { content: true });
      this.saved = essence(file.content as { cells?: ICellLike[] });
      this._known.emit();
    } catch {
      // The file cannot be read: then Jupyter's own mark is all there is to go by.
    }
  }

  private onSave(_: unknown, state: string): void {
    if (state === 'completed') {
      this.saved = this.current();
    }
  }

  private current(): string {
    return essence(
      this.panel.context.model.toJSON() as { cells?: ICellLike[] }
    );
  }

  private saved: string | null = null;
  private _isDisposed = false;
  private readonly _known = new Signal<this, void>(this);
}

/** What of a notebook goes into a package, as one text that can be compared. */
export function essence(notebook: { cells?: readonly ICellLike[] }): string {
  const cells = (notebook.cells ?? []).map(cell => {
    const { tags } = (cell.metadata ?? {}) as { tags?: unknown };
    const source = Array.isArray(cell.source)
      ? cell.source.join('')
      : cell.source;
    return [cell.cell_type, source, tags ?? [], cell.execution_count ?? null];
  });
  return JSON.stringify(cells);
}
