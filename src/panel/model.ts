/** What the panel shows: the followed notebook, what is known about it, and the actions on it. */

import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Inbox } from '../manager/inbox';
import { Notices } from '../manager/notices';
import { Resource } from '../manager/resource';
import { NotebookSession } from '../manager/session';
import { IReleasesAPI } from '../releases';
import { IOptions } from '../sections/header';
import { IBuild, IInfo, IModelpackAPI, IProgressEvent } from '../tokens';
import { NotebookFollower } from './follower';

/** What a person chose about unsaved changes. */
export type SaveChoice = 'save' | 'leave' | 'cancel';

export interface IPanelSettings {
  verify: boolean;
  network: boolean;
  compression: string;
}

export class PanelModel implements IDisposable {
  constructor(
    private readonly api: IModelpackAPI & IReleasesAPI,
    readonly follower: NotebookFollower,
    private settings: IPanelSettings,
    private readonly askToSave: () => Promise<SaveChoice>,
    notices: Notices,
    /** How often, in milliseconds, others' work is looked for while nobody looks; null: never. */
    away: number | null = null
  ) {
    this.info = new Resource(() => api.info());
    this.info.changed.connect(this.onChange, this);
    this.inbox = new Inbox(api, notices, { away });
    this.inbox.changed.connect(this.onChange, this);
    this.inbox.moved.connect(this.onMoved, this);
    follower.changed.connect(this.onFollow, this);
    follower.saved.connect(this.onSaved, this);
    this.onFollow();
  }

  /** What is known about the notebook; null when there is none that can be packaged. */
  get session(): NotebookSession | null {
    return this._session;
  }

  get options(): IOptions {
    return this._options ?? { ...this.settings, settings: [], line: '' };
  }

  /** Whether the server part does not answer at all. */
  get serverMissing(): boolean {
    return this.info.problem?.code === 'SERVER_MISSING';
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when a build ends, whether or not the panel is in view. */
  get finished(): ISignal<this, IBuild> {
    return this._finished;
  }

  get isDisposed(): boolean {
    return this.info.isDisposed;
  }

  get looking(): boolean {
    return this._looking;
  }

  /** The panel came into view or left it: nothing is read for nobody. */
  look(looking: boolean): void {
    this._looking = looking;
    this._session?.look(looking);
    this.inbox.look(looking);
    if (looking) {
      this.refresh();
    }
  }

  refresh(): void {
    if (!this.info.value) {
      void this.info.refresh();
    }
    void this._session?.refresh();
    void this.inbox.refresh();
  }

  configure(settings: IPanelSettings): void {
    this.settings = settings;
    this._options = null;
    this._changed.emit();
  }

  choose(options: IOptions): void {
    this._options = options;
    this._changed.emit();
  }

  /** Package the followed notebook, after asking what to do about unsaved changes. */
  async package(): Promise<void> {
    const session = this._session;
    if (!session || session.builds.running || session.builds.starting) {
      return;
    }
    if (this.follower.dirty) {
      const choice = await this.askToSave();
      if (choice === 'cancel') {
        return;
      }
      if (choice === 'save') {
        await this.follower.save();
      }
    }
    session.packaging();
    const { verify, network, settings, line } = this.options;
    const reads = session.inspection.value?.settings ?? [];
    const given = settings.filter(name => verify && reads.includes(name));
    await session.builds.start({
      path: session.path,
      verify,
      network: verify && network,
      compression: this.settings.compression,
      ...(given.length ? { settings: given } : {}),
      ...(line ? { line } : {})
    });
  }

  async stop(): Promise<void> {
    await this._session?.builds.stop();
  }

  hint(event: IProgressEvent): void {
    this._session?.hint(event);
    if (event.kind === 'promotion') {
      void this.inbox.refresh();
    }
  }

  /** The notebook of a run, as static HTML that the server has made safe. */
  runNotebook(id: string): Promise<string> {
    return this.api.runNotebook(id);
  }

  /** Ask for an export; a refusal is the caller's to show. */
  get exportPackage(): IModelpackAPI['exportPackage'] {
    return (reference, request) => this.api.exportPackage(reference, request);
  }

  dispose(): void {
    this.info.dispose();
    this.inbox.dispose();
    this.follower.dispose();
    this._session?.dispose();
    Signal.clearData(this);
  }

  private onFollow(): void {
    const path = this.follower.foreign ? null : this.follower.path;
    if (path !== (this._session?.path ?? null)) {
      this._session?.dispose();
      this._options = null; // what one notebook may do, another may not
      this._session = path === null ? null : this.begin(path);
    }
    this._changed.emit();
  }

  private begin(path: string): NotebookSession {
    const session = new NotebookSession(this.api, path);
    session.changed.connect(this.onChange, this);
    session.builds.finished.connect((_, build) => {
      this._finished.emit(build);
    });
    session.look(this._looking);
    if (this._looking) {
      void session.refresh();
    }
    return session;
  }

  /** Somebody, perhaps far from here, has moved a release. */
  private onMoved(): void {
    if (this._looking) {
      void this._session?.environments.refresh();
    }
  }

  private onSaved(): void {
    void this._session?.saved();
  }

  private onChange(): void {
    this._changed.emit();
  }

  readonly info: Resource<IInfo>;
  /** What is open in every environment. */
  readonly inbox: Inbox;
  private _session: NotebookSession | null = null;
  private _options: IOptions | null = null;
  private _looking = false;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _finished = new Signal<this, IBuild>(this);
}
