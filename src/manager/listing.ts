/** A long list that the server gives page by page, newest first: the first page is read anew, older ones on request. */

import { ISignal, Signal } from '@lumino/signaling';

import { IListing, IPage, Problem } from '../tokens';
import { Resource } from './resource';

export class Listing<T> implements IListing<T> {
  constructor(
    private readonly read: (before: string) => Promise<IPage<T>>,
    private readonly key: (item: T) => string
  ) {
    this.first = new Resource(() => read(''));
    this.first.changed.connect(this.onFirst, this);
  }

  get items(): T[] {
    const newest = this.first.value?.items ?? [];
    const known = new Set(newest.map(this.key));
    return [
      ...newest,
      ...this.pages.filter(each => !known.has(this.key(each)))
    ];
  }

  /** Whether anything was read yet. */
  get isKnown(): boolean {
    return this.first.value !== null;
  }

  /** Whether the server has more than these. */
  get hasOlder(): boolean {
    return this.next !== null;
  }

  get problem(): Problem | null {
    return this.first.problem ?? this._problem;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.first.isDisposed;
  }

  /** Read the newest again; older ones that were read stay. */
  refresh(): Promise<void> {
    return this.first.refresh();
  }

  /** Read the page after the last one. */
  async older(): Promise<void> {
    const before = this.next;
    if (before === null || this.reading || this.isDisposed) {
      return;
    }
    this.reading = true;
    try {
      const page = await this.read(before);
      this.pages.push(...page.items);
      this.beyond = page.next;
      this._problem = null;
    } catch (reason) {
      this._problem = Problem.from(reason);
    }
    this.reading = false;
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  dispose(): void {
    this.first.dispose();
    Signal.clearData(this);
  }

  private get next(): string | null {
    return this.beyond === undefined
      ? (this.first.value?.next ?? null)
      : this.beyond;
  }

  private onFirst(): void {
    this._changed.emit();
  }

  private readonly first: Resource<IPage<T>>;
  private readonly pages: T[] = [];
  /** Where the pages after the first end; undefined while there are none. */
  private beyond: string | null | undefined = undefined;
  private reading = false;
  private _problem: Problem | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
