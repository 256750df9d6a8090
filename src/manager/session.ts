/** All that is known about one notebook, read while someone looks or while it is being packaged. */

import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { IReleasesAPI } from '../releases';
import { IBuild, IInspection, IModelpackAPI, IProgressEvent } from '../tokens';
import { BuildWatch } from './builds';
import { EnvironmentsWatch } from './environments';
import { LogTail } from './log';
import { Resource } from './resource';
import { OpenedPackage, PackageShelf } from './shelf';

export class NotebookSession implements IDisposable {
  constructor(api: IModelpackAPI & IReleasesAPI, path: string) {
    this.inspection = new Resource(() => api.inspection(path));
    this.builds = new BuildWatch(api, path);
    this.shelf = new PackageShelf(api, path);
    this.environments = new EnvironmentsWatch(api, path);
    this.path = path;
    this.inspection.changed.connect(this.onChange, this);
    this.builds.changed.connect(this.onBuild, this);
    this.builds.finished.connect(this.onFinished, this);
    this.shelf.changed.connect(this.onShelf, this);
    this.environments.changed.connect(this.onChange, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.inspection.isDisposed;
  }

  /** Whether what the last build said is still about the notebook as it is saved. */
  get buildIsCurrent(): boolean {
    return this._buildIsCurrent;
  }

  /** Read everything again: the panel came into view, or its reader asked. */
  async refresh(): Promise<void> {
    await Promise.all([
      this.inspection.refresh(),
      this.builds.find(),
      this.restock()
    ]);
  }

  /** The notebook was saved: what was found in it may have changed. */
  async saved(): Promise<void> {
    if (!this.builds.running && !this.builds.starting) {
      this._buildIsCurrent = false;
    }
    if (this.looking) {
      await Promise.all([
        this.inspection.refresh(),
        this.environments.refresh()
      ]);
    }
  }

  /** A build was asked for, so what it says counts. */
  packaging(): void {
    this._buildIsCurrent = true;
  }

  look(looking: boolean): void {
    this.looking = looking;
    this.shelf.look(looking);
    this.environments.look(looking);
  }

  hint(event: IProgressEvent): void {
    if (event.kind === 'build') {
      this.builds.hint(event.id);
    } else if (event.kind === 'run' && this.looking) {
      this.shelf.opened?.runs.hint(event.id);
    } else if (this.looking) {
      void this.environments.refresh();
    }
  }

  dispose(): void {
    this.inspection.dispose();
    this.builds.dispose();
    this.shelf.dispose();
    this.environments.dispose();
    Signal.clearData(this);
  }

  private onChange(): void {
    this._changed.emit();
  }

  /** A run that has ended may be what an environment asked for. */
  private onShelf(): void {
    const { opened } = this.shelf;
    const before = opened === this.counted ? this.ended : null;
    this.counted = opened;
    this.ended = opened?.runs.ended ?? null;
    if (before !== null && (this.ended ?? 0) > before && this.looking) {
      void this.environments.refresh();
    }
    this._changed.emit();
  }

  private onBuild(): void {
    const log = this.builds.log;
    if (log !== this.log) {
      this.log = log;
      log?.changed.connect(this.onChange, this);
    }
    this._changed.emit();
  }

  private onFinished(_: BuildWatch, build: IBuild): void {
    void this.settle(build);
  }

  /** The packages; then the newest of them, and where they live, at once. */
  private async restock(): Promise<void> {
    await this.shelf.refresh();
    if (!this.isDisposed) {
      await Promise.all([
        this.shelf.openNewest(),
        this.environments.about(this.shelf.packages[0]?.name ?? null)
      ]);
    }
  }

  private async settle(build: IBuild): Promise<void> {
    await Promise.all([this.inspection.refresh(), this.restock()]);
    if (build.package && !this.isDisposed) {
      await this.shelf.open(build.package);
    }
  }

  readonly path: string;
  readonly inspection: Resource<IInspection>;
  readonly builds: BuildWatch;
  readonly shelf: PackageShelf;
  readonly environments: EnvironmentsWatch;
  private looking = false;
  private counted: OpenedPackage | null = null;
  private ended: number | null = null;
  private _buildIsCurrent = true;
  private log: LogTail | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
