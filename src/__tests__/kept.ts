/** The browser's storage, for tests: what is set is there. */

import { Storage } from '../manager/notices';

export class Kept implements Storage {
  getItem(key: string): string | null {
    return this.values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.values.set(key, value);
  }

  private readonly values = new Map<string, string>();
}
