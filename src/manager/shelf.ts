/** The packages made from one notebook, and the one that is being looked at. */

import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import {
  IPackage,
  IPackagesAPI,
  IPackageSummary,
  IReference,
  IRunsAPI,
  ISchedulesAPI
} from '../tokens';
import { Listing } from './listing';
import { Resource } from './resource';
import { RunsWatch } from './runs';
import { SchedulesWatch } from './schedules';

/** One package in full, with its runs and its schedules. */
export class OpenedPackage implements IDisposable {
  constructor(
    api: IPackagesAPI & IRunsAPI & ISchedulesAPI,
    reference: IReference
  ) {
    this.detail = new Resource(() =>
      api.package(reference.name, reference.version)
    );
    this.runs = new RunsWatch(api, reference);
    this.schedules = new SchedulesWatch(api, reference.name);
    this.reference = reference;
  }

  get isDisposed(): boolean {
    return this.detail.isDisposed;
  }

  look(looking: boolean): void {
    this.runs.look(looking);
    this.schedules.look(looking);
  }

  dispose(): void {
    this.detail.dispose();
    this.runs.dispose();
    this.schedules.dispose();
  }

  readonly reference: IReference;
  readonly detail: Resource<IPackage>;
  readonly runs: RunsWatch;
  readonly schedules: SchedulesWatch;
}

export class PackageShelf implements IDisposable {
  constructor(
    private readonly api: IPackagesAPI & IRunsAPI & ISchedulesAPI,
    readonly path: string
  ) {
    this.list = new Listing(
      before => api.packages(path, before),
      each => `${each.name} ${each.version}`
    );
    this.list.changed.connect(this.onChange, this);
  }

  get packages(): IPackageSummary[] {
    return this.list.items;
  }

  /** Whether there are older ones than these. */
  get hasOlder(): boolean {
    return this.list.hasOlder;
  }

  get opened(): OpenedPackage | null {
    return this._opened;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.list.isDisposed;
  }

  /** Read the list again. */
  refresh(): Promise<void> {
    return this.list.refresh();
  }

  /** Read some more of the older ones. */
  older(): Promise<void> {
    return this.list.older();
  }

  /** Open the newest package when none is open. */
  async openNewest(): Promise<void> {
    const [newest] = this.packages;
    if (newest && !this._opened && !this.isDisposed) {
      await this.open(newest);
    }
  }

  /** Show one package. */
  async open({ name, version }: IReference): Promise<void> {
    const now = this._opened?.reference;
    if (now?.name === name && now.version === version) {
      return;
    }
    this._opened?.dispose();
    const opened = new OpenedPackage(this.api, { name, version });
    this._opened = opened;
    opened.detail.changed.connect(this.onChange, this);
    opened.runs.changed.connect(this.onChange, this);
    opened.schedules.changed.connect(this.onChange, this);
    opened.look(this.looking);
    this._changed.emit();
    await Promise.all([opened.detail.refresh(), opened.runs.refresh()]);
  }

  look(looking: boolean): void {
    this.looking = looking;
    this._opened?.look(looking);
  }

  dispose(): void {
    this.list.dispose();
    this._opened?.dispose();
    Signal.clearData(this);
  }

  private onChange(): void {
    this._changed.emit();
  }

  private looking = false;
  private _opened: OpenedPackage | null = null;
  private readonly list: Listing<IPackageSummary>;
  private readonly _changed = new Signal<this, void>(this);
}
