/** Readers that turn unknown JSON into typed values, or say where it differs from the contract. */

export type Reader<T> = (value: unknown, at: string) => T;

/** JSON that is not what the contract says. */
export class ShapeError extends Error {
  constructor(at: string, expected: string) {
    super(`${at || 'The answer'} is not ${expected}.`);
    this.name = 'ShapeError';
  }
}

export const text: Reader<string> = (value, at) => {
  if (typeof value !== 'string') {
    throw new ShapeError(at, 'a text');
  }
  return value;
};

export const number: Reader<number> = (value, at) => {
  if (typeof value !== 'number') {
    throw new ShapeError(at, 'a number');
  }
  return value;
};

export const flag: Reader<boolean> = (value, at) => {
  if (typeof value !== 'boolean') {
    throw new ShapeError(at, 'true or false');
  }
  return value;
};

export const anything: Reader<unknown> = value => value;

/** Reads null where there is nothing. */
export function nullable<T>(read: Reader<T>): Reader<T | null> {
  return (value, at) =>
    value === null || value === undefined ? null : read(value, at);
}

/** Reads `fallback` where there is nothing. */
export function optional<T>(read: Reader<T>, fallback: T): Reader<T> {
  return (value, at) =>
    value === null || value === undefined ? fallback : read(value, at);
}

export function oneOf<T extends string>(...words: T[]): Reader<T> {
  return (value, at) => {
    const found = words.find(word => word === value);
    if (found === undefined) {
      throw new ShapeError(at, `one of ${words.join(', ')}`);
    }
    return found;
  };
}

export function list<T>(read: Reader<T>): Reader<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) {
      throw new ShapeError(at, 'a list');
    }
    return value.map((item, index) => read(item, `${at}[${index}]`));
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads an object whose values are all alike. */
export function mapping<T>(read: Reader<T>): Reader<Record<string, T>> {
  return (value, at) => {
    if (!isObject(value)) {
      throw new ShapeError(at, 'an object');
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        read(item, `${at}.${key}`)
      ])
    );
  };
}

/** Reads an object field by field; what is not named is dropped. */
export function record<T extends object>(fields: {
  [K in keyof T]: Reader<T[K]>;
}): Reader<T> {
  return (value, at) => {
    if (!isObject(value)) {
      throw new ShapeError(at, 'an object');
    }
    const result: Partial<T> = {};
    for (const key of Object.keys(fields) as (keyof T & string)[]) {
      result[key] = fields[key](value[key], at ? `${at}.${key}` : key);
    }
    return result as T;
  };
}
