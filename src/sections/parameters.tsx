/** The fields for a package's parameters, as forms that run it have them. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import { Field } from '../components/field';
import { formatValue } from '../components/format';
import { IPackage, IParameter } from '../tokens';
import { fromText, Reading, toText, typeWord } from './values';

/** What is typed into the fields, and what it means. */
export interface ITyped {
  readings: { parameter: IParameter; text: string; reading: Reading }[];
  /** How many fields hold what is no value of theirs. */
  wrong: number;
  /** Only what was typed, so that the package's own defaults stay what they are. */
  changed: Record<string, unknown>;
  type: (name: string, text: string) => void;
}

export function useParameters(
  { parameters }: IPackage,
  trans: TranslationBundle
): ITyped {
  const [texts, setTexts] = useState<Record<string, string>>({});
  const readings = parameters.map(parameter => {
    const { default: value, name, type } = parameter;
    const text = texts[name] ?? toText(value, type);
    return { parameter, text, reading: fromText(text, type, trans) };
  });
  const changed = readings.flatMap(({ parameter: { name }, reading }) =>
    'value' in reading && name in texts ? [[name, reading.value] as const] : []
  );
  return {
    readings,
    wrong: readings.filter(({ reading }) => 'error' in reading).length,
    changed: Object.fromEntries(changed),
    type: (name, text) => setTexts({ ...texts, [name]: text })
  };
}

export function Parameters(props: {
  typed: ITyped;
  trans: TranslationBundle;
}): JSX.Element {
  const { trans, typed } = props;
  return (
    <>
      {typed.readings.length === 0 && (
        <p className="jp-ModelpackPanel-advice">
          {trans
            .__(
              'This package has no parameters. Tag a cell `parameters` to give it some.'
            )
            .replace(/`/g, '')}
        </p>
      )}
      {typed.readings.map(({ parameter, reading, text }) => (
        <Field
          key={parameter.name}
          name={parameter.name}
          type={parameter.type}
          text={text}
          hint={trans.__(
            '%1, default %2',
            typeWord(parameter, trans),
            formatValue(parameter.default)
          )}
          error={'error' in reading ? reading.error : ''}
          onChange={changed => typed.type(parameter.name, changed)}
        />
      ))}
    </>
  );
}
