/** Run…: a form made from the package's parameters. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import { PrimaryButton } from '../components/buttons';
import { Choice, Tick } from '../components/field';
import { Trouble } from '../components/notice';
import { IBackend, IPackage, IProblem, IRunRequest } from '../tokens';
import { IOffered, Offers } from './offers';
import { Parameters, useParameters } from './parameters';
import { backendWord, problemWords } from './phases';
import { PipelineGraph } from './pipeline';
import { Settings } from './settings';

export interface IRunFormProps {
  detail: IPackage;
  starting: boolean;
  problem: IProblem | null;
  /** The places beside this computer, as far as they are configured. */
  backends: IBackend[];
  /** What a cluster offers, as far as it was asked. */
  offersOf: (backend: string) => IOffered;
  trans: TranslationBundle;
  onReveal: (cell: number) => void;
  onRun: (request: IRunRequest) => void;
}

export function RunForm(props: IRunFormProps): JSX.Element {
  const { detail, trans } = props;
  const typed = useParameters(detail, trans);
  const { wrong } = typed;
  const [network, setNetwork] = useState(false);
  const [backend, setBackend] = useState('local');
  const [ticked, setTicked] = useState<string[]>([]);
  const [given, setGiven] = useState<string[]>([]);
  const local = backend === 'local';
  const offered = local ? null : props.offersOf(backend);
  const choose = (name: string): void => {
    setBackend(name);
    if (name !== 'local') {
      void props.offersOf(name).refresh();
    }
  };
  const run = (): void => {
    // What was ticked for one cluster may not be offered by another.
    const known = offered?.value?.pod_defaults.map(each => each.name) ?? [];
    const chosen = ticked.filter(name => known.includes(name));
    const options = offered?.value?.options ?? {};
    props.onRun({
      name: detail.name,
      version: detail.version,
      parameters: typed.changed,
      network: local && network,
      ...(local && given.length ? { settings: given } : {}),
      ...(local ? {} : { backend }),
      ...(Object.keys(options).length ? { options } : {}),
      ...(chosen.length ? { pod_defaults: chosen } : {})
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
      <Where {...props} backend={backend} onChoose={choose} />
      <Parameters typed={typed} trans={trans} />
      {local && (
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
      )}
      {local && (
        <Settings
          names={detail.settings}
          given={given}
          trans={trans}
          onGive={setGiven}
        />
      )}
      {offered && (
        <Offers
          offered={offered}
          ticked={ticked}
          trans={trans}
          onTick={setTicked}
        />
      )}
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

/** Where to run it; nothing is asked where there is only this computer. */
function Where(
  props: IRunFormProps & { backend: string; onChoose: (name: string) => void }
): JSX.Element | null {
  const { backend, backends, detail, trans } = props;
  const others = backends.filter(each => each.name !== 'local');
  if (others.length === 0) {
    return null;
  }
  const chosen = others.find(each => each.name === backend);
  const { steps } = detail;
  return (
    <>
      <Choice
        label={trans.__('Where')}
        options={['local', ...others.map(each => each.name)].map(name => ({
          value: name,
          text: backendWord(name, trans)
        }))}
        value={backend}
        hint={chosen?.sentence ?? ''}
        onChange={props.onChoose}
      />
      {backend === 'kubeflow' && steps.length > 1 && (
        <PipelineGraph steps={steps} trans={trans} onReveal={props.onReveal} />
      )}
    </>
  );
}
