/** The golden JSON that pytest reads too: what the server really answers. */

import { readFileSync } from 'fs';
import { join } from 'path';

const FOLDER = join(__dirname, '..', '..', 'tests', 'contract');

export function golden(name: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
}

/** A deep copy with some fields replaced. */
export function but<T extends object>(value: T, change: Partial<T>): T {
  return { ...(JSON.parse(JSON.stringify(value)) as T), ...change };
}
