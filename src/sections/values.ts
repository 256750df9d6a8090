/** Parameter values between JSON and the text of a form. */

import { TranslationBundle } from '@jupyterlab/translation';

import { IParameter } from '../tokens';

export type Reading = { value: unknown } | { error: string };

/** The text that a field shows for a value. */
export function toText(value: unknown, type: string): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (type === 'bool') {
    return String(value === true);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The value that a text means, or why it means none. */
export function fromText(
  text: string,
  type: string,
  trans: TranslationBundle
): Reading {
  const trimmed = text.trim();
  switch (type) {
    case 'int':
      return /^[+-]?\d+$/.test(trimmed)
        ? { value: Number(trimmed) }
        : { error: trans.__('Write a whole number, such as 42.') };
    case 'float':
      return trimmed !== '' && Number.isFinite(Number(trimmed))
        ? { value: Number(trimmed) }
        : { error: trans.__('Write a number, such as 0.5.') };
    case 'bool':
      return { value: trimmed === 'true' };
    case 'list':
    case 'dict':
      return fromJSON(trimmed, type, trans);
    default:
      return { value: text };
  }
}

function fromJSON(
  text: string,
  type: 'list' | 'dict',
  trans: TranslationBundle
): Reading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (type === 'list') {
    return Array.isArray(value)
      ? { value }
      : { error: trans.__('Write a list as JSON, such as [1, 2].') };
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { value }
    : { error: trans.__('Write an object as JSON, such as {"a": 1}.') };
}

/** A type's name in words. */
export function typeWord(
  parameter: IParameter,
  trans: TranslationBundle
): string {
  switch (parameter.type) {
    case 'int':
      return trans.__('Whole number');
    case 'float':
      return trans.__('Number');
    case 'bool':
      return trans.__('Yes or no');
    case 'list':
      return trans.__('List, as JSON');
    case 'dict':
      return trans.__('Object, as JSON');
    case 'str':
      return trans.__('Text');
    default:
      return parameter.type;
  }
}
