/** The settings that a notebook reads, each given to a run by a tick. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Tick } from '../components/field';

export function Settings(props: {
  names: string[];
  given: string[];
  trans: TranslationBundle;
  onGive: (given: string[]) => void;
}): JSX.Element {
  const { given, names, trans } = props;
  return (
    <>
      {names.map(name => (
        <Tick
          key={name}
          label={trans.__('Give it %1', name)}
          meaning={trans.__(
            'As it is set where JupyterLab runs. Only its name is kept.'
          )}
          checked={given.includes(name)}
          onChange={wanted =>
            props.onGive(
              wanted ? [...given, name] : given.filter(each => each !== name)
            )
          }
        />
      ))}
    </>
  );
}
