/** The notebook that the panel is about: the one in front, or one named in the file browser. */

import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Contents } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { Unsaved } from './unsaved';

/** Opens a notebook by path; the follower itself knows no document manager. */
export type OpenNotebook = (path: string) => Promise<NotebookPanel | null>;

export class NotebookFollower implements IDisposable {
  constructor(
    private readonly tracker: INotebookTracker,
    private readonly contents: Contents.IManager,
    private readonly openNotebook: OpenNotebook
  ) {
    tracker.currentChanged.connect(this.onCurrent, this);
    this.follow(tracker.currentWidget);
  }

  /** The path of the notebook on its drive, or null when there is none. */
  get path(): string | null {
    return this._path;
  }

  /** Whether the notebook lies on a drive that the server cannot read. */
  get foreign(): boolean {
    const path = this.panel?.context.path ?? this._path;
    return path !== null && this.contents.driveName(path) !== '';
  }

  get dirty(): boolean {
    return this.unsaved?.differs ?? false;
  }

  /** The language of its kernel, in lower case, as far as it is known. */
  get language(): string {
    const model = this.panel?.context.model;
    const named = model?.getMetadata('kernelspec') as
      { language?: unknown } | undefined;
    const language =
      typeof named?.language === 'string'
        ? named.language
        : model?.defaultKernelLanguage;
    return (language ?? '').toLowerCase();
  }

  /** Emitted when another notebook, or another state of it, is what the panel is about. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get saved(): ISignal<this, void> {
    return this._saved;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Be about a notebook that need not be open. */
  pin(path: string): void {
    const open = this.tracker.find(panel => panel.context.path === path);
    if (open) {
      this.follow(open);
    } else {
      this.let(null);
      this._path = path;
      this._changed.emit();
    }
  }

  async save(): Promise<void> {
    await this.panel?.context.save();
  }

  /** Scroll to a cell, counted from 1, and select it; opens the notebook when it is not. */
  async reveal(cell: number): Promise<void> {
    if (!this.panel && this._path) {
      const opened = await this.openNotebook(this._path);
      if (opened) {
        await opened.context.ready;
        await opened.revealed;
        this.follow(opened);
      }
    }
    const notebook = this.panel?.content;
    if (!notebook || cell < 1 || cell > notebook.widgets.length) {
      return;
    }
    notebook.activate();
    notebook.activeCellIndex = cell - 1;
    notebook.deselectAll();
    notebook.mode = 'command';
    await notebook.scrollToItem(cell - 1, 'center');
  }

  dispose(): void {
    this._isDisposed = true;
    this.let(null);
    this.tracker.currentChanged.disconnect(this.onCurrent, this);
    Signal.clearData(this);
  }

  private onCurrent(_: unknown, panel: NotebookPanel | null): void {
    this.follow(panel);
  }

  private follow(panel: NotebookPanel | null): void {
    if (panel !== null && panel === this.panel) {
      return;
    }
    this.let(panel);
    if (panel) {
      const { context } = panel;
      context.pathChanged.connect(this.onPath, this);
      context.saveState.connect(this.onSave, this);
      context.model.stateChanged.connect(this.onState, this);
      context.model.metadataChanged.connect(this.onState, this);
      panel.disposed.connect(this.onClosed, this);
      this.unsaved = new Unsaved(panel, this.contents);
      this.unsaved.known.connect(this.onState, this);
    }
    this._path = panel ? panel.context.localPath : null;
    this._changed.emit();
  }

  /** Leave the notebook that was followed. */
  private let(next: NotebookPanel | null): void {
    const { panel } = this;
    this.unsaved?.dispose();
    this.unsaved = null;
    if (panel) {
      panel.context.pathChanged.disconnect(this.onPath, this);
      panel.context.saveState.disconnect(this.onSave, this);
      panel.context.model?.stateChanged.disconnect(this.onState, this);
      panel.context.model?.metadataChanged.disconnect(this.onState, this);
      panel.disposed.disconnect(this.onClosed, this);
    }
    this.panel = next;
  }

  private onPath(): void {
    this._path = this.panel?.context.localPath ?? null;
    this._changed.emit();
  }

  private onState(): void {
    this._changed.emit();
  }

  private onSave(_: unknown, state: string): void {
    if (state === 'completed') {
      this._saved.emit();
      this._changed.emit();
    }
  }

  private onClosed(): void {
    this.unsaved?.dispose();
    this.unsaved = null;
    this.panel = null;
    this.follow(this.tracker.currentWidget);
  }

  private panel: NotebookPanel | null = null;
  private unsaved: Unsaved | null = null;
  private _path: string | null = null;
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _saved = new Signal<this, void>(this);
}
