/** What was announced already, and what was open when it was last looked at: kept over reloads. */

/** Where it is kept, as the browser's own storage is. */
export type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem'>;

/** More than anybody has open; older announcements are forgotten. */
const KEPT = 500;

export class Notices {
  constructor(
    private readonly storage: Storage,
    private readonly key: string
  ) {}

  /** The promotions that were open when they were last read; null before the first time. */
  get open(): string[] | null {
    return this.read().open;
  }

  /** Whether this is to be said now; it is never said a second time. */
  once(what: string): boolean {
    const { open, told } = this.read();
    if (told.includes(what)) {
      return false;
    }
    this.write({ open, told: [...told, what].slice(-KEPT) });
    return true;
  }

  remember(open: string[]): void {
    this.write({ told: this.read().told, open: open.slice(-KEPT) });
  }

  // Another window may have written meanwhile, so that it is read each time.
  private read(): { told: string[]; open: string[] | null } {
    const kept = this.parse();
    return {
      told: texts(kept?.told) ?? this.told,
      open: texts(kept?.open) ?? this.seen
    };
  }

  /** What cannot be read is as if nothing had been kept. */
  private parse(): { told?: unknown; open?: unknown } | null {
    try {
      const text = this.storage.getItem(this.key) ?? 'null';
      return JSON.parse(text) as { told?: unknown; open?: unknown } | null;
    } catch {
      return null;
    }
  }

  private write(now: { told: string[]; open: string[] | null }): void {
    this.told = now.told;
    this.seen = now.open;
    try {
      this.storage.setItem(this.key, JSON.stringify(now));
    } catch {
      // A full or forbidden storage: then it holds as long as this window.
    }
  }

  private told: string[] = [];
  private seen: string[] | null = null;
}

function texts(value: unknown): string[] | null {
  return Array.isArray(value)
    ? value.filter((each): each is string => typeof each === 'string')
    : null;
}
