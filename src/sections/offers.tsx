/** What a cluster offers a run: PodDefaults to tick, and the volumes that its data comes from. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Tick } from '../components/field';
import { Trouble } from '../components/notice';
import { Sentence } from '../components/words';
import { IOffers, IProblem } from '../tokens';
import { problemWords } from './phases';

/** An answer that may still be on its way. */
export interface IOffered {
  readonly value: IOffers | null;
  readonly problem: IProblem | null;
  readonly loading: boolean;
  refresh(): Promise<void>;
}

export interface IOffersProps {
  offered: IOffered;
  ticked: string[];
  trans: TranslationBundle;
  onTick: (names: string[]) => void;
}

export function Offers(props: IOffersProps): JSX.Element {
  const { offered, trans } = props;
  const { loading, problem, value } = offered;
  if (problem) {
    return (
      <Trouble
        {...problemWords(problem, trans)}
        retry={trans.__('Try again')}
        onRetry={() => void offered.refresh()}
      />
    );
  }
  if (!value) {
    return (
      <p className="jp-ModelpackPanel-advice" role="status">
        {loading ? trans.__('Asking the cluster what it offers…') : ''}
      </p>
    );
  }
  return (
    <>
      <PodDefaults {...props} value={value} />
      {value.volumes.length > 0 && (
        <ul
          className="jp-ModelpackPanel-list"
          aria-label={trans.__('Where its data lies')}
        >
          {value.volumes.map(each => (
            <li key={each.path} className="jp-ModelpackPanel-advice">
              <Sentence text={each.sentence} />
            </li>
          ))}
        </ul>
      )}
      {value.problems.map(each => (
        <Trouble
          key={each.what}
          {...problemWords(each, trans)}
          retry={trans.__('Ask again')}
          onRetry={() => void offered.refresh()}
        />
      ))}
    </>
  );
}

function PodDefaults(
  props: IOffersProps & { value: IOffers }
): JSX.Element | null {
  const { onTick, ticked, trans, value } = props;
  const refused = value.problems.some(each => each.what === 'pod_defaults');
  if (value.pod_defaults.length === 0) {
    return refused ? null : (
      <p className="jp-ModelpackPanel-advice">
        {trans.__('The namespace %1 has no PodDefaults.', value.namespace)}
      </p>
    );
  }
  return (
    <fieldset className="jp-ModelpackPanel-group">
      <legend className="jp-ModelpackPanel-advice">
        {trans.__('PodDefaults of %1', value.namespace)}
      </legend>
      {value.pod_defaults.map(each => (
        <Tick
          key={each.name}
          label={each.name}
          meaning={each.description === each.name ? '' : each.description}
          checked={ticked.includes(each.name)}
          onChange={checked =>
            onTick(
              checked
                ? [...ticked, each.name]
                : ticked.filter(name => name !== each.name)
            )
          }
        />
      ))}
    </fieldset>
  );
}
