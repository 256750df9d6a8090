/** Run…: a form made from the package's parameters. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import { PrimaryButton } from '../components/buttons';
import { Field, Tick } from '../components/field';
import { formatValue } from '../components/format';
import { Trouble } from '../components/notice';
import { IPackage, IParameter, IProblem, IRunRequest } from '../tokens';
import { problemWords } from './phases';
import { fromText, toText, typeWord } from './values';

export interface IRunFormProps {
  detail: IPackage;
  starting: boolean;
  problem: IProblem | null;
  trans: TranslationBundle;
  onRun: (request: IRunRequest) => void;
}

export function RunForm(props: IRunFormProps): JSX.Element {
  const { detail, trans } = props;
  const [texts, setTexts] = useState<Record<string, string>>({});
  const [network, setNetwork] = useState(false);
  const textOf = (parameter: IParameter): string =>
    texts[parameter.name] ?? toText(parameter.default, parameter.type);
  const readings = detail.parameters.map(parameter => ({
    parameter,
    reading: fromText(textOf(parameter), parameter.type, trans)
  }));
  const wrong = readings.filter(({ reading }) => 'error' in reading).length;

  const run = (): void => {
    // Only what differs is sent, so that the package's own defaults stay what they are.
    const changed = readings.flatMap(({ parameter, reading }) =>
      'value' in reading && parameter.name in texts
        ? [[parameter.name, reading.value] as const]
        : []
    );
    props.onRun({
      name: detail.name,
      version: detail.version,
      parameters: Object.fromEntries(changed),
      network
    });
  };

  return (
    <form
      className="jp-ModelpackPanel-form"
      aria-label={trans.__('Run %1 %2', detail.name, detail.version)}
      onSubmit={event => {
        event.preventDefault();
        if (!wrong && !props.starting) {
          run();
        }
      }}
    >
      {detail.parameters.length === 0 && (
        <p className="jp-ModelpackPanel-advice">
          {trans
            .__(
              'This package has no parameters. Tag a cell `parameters` to give it some.'
            )
            .replace(/`/g, '')}
        </p>
      )}
      {readings.map(({ parameter, reading }) => (
        <Field
          key={parameter.name}
          name={parameter.name}
          type={parameter.type}
          text={textOf(parameter)}
          hint={trans.__(
            '%1, default %2',
            typeWord(parameter, trans),
            formatValue(parameter.default)
          )}
          error={'error' in reading ? reading.error : ''}
          onChange={text => setTexts({ ...texts, [parameter.name]: text })}
        />
      ))}
      <Tick
        label={trans.__('Allow the network')}
        meaning={
          network
            ? trans.__(
                'This run can reach other machines, so it is not sealed.'
              )
            : trans.__('Off: the run sees only what is in the package.')
        }
        checked={network}
        onChange={setNetwork}
      />
      {props.problem && <Trouble {...problemWords(props.problem, trans)} />}
      <PrimaryButton
        disabled={wrong > 0 || props.starting}
        busy={props.starting}
      >
        {props.starting
          ? trans.__('Starting…')
          : wrong > 0
            ? trans._n('%1 value to correct', '%1 values to correct', wrong)
            : trans.__('Run')}
      </PrimaryButton>
    </form>
  );
}
