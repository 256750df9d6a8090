/** Earlier: the packages that were made from this notebook, newest first. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { formatSize, formatValue, formatWhen } from '../components/format';
import { More, useFirst } from '../components/more';
import { Section } from '../components/section';
import { IPackageSummary, IReference } from '../tokens';

const SHOWN = 5;

export interface IEarlierProps {
  packages: IPackageSummary[];
  /** Whether the server has older ones than these. */
  hasOlder: boolean;
  /** The one that is shown above. */
  opened: IReference | null;
  trans: TranslationBundle;
  onOpen: (reference: IReference) => void;
  onOlder: () => void;
}

export function Earlier(props: IEarlierProps): JSX.Element | null {
  const { packages, opened, trans } = props;
  const { more, rest, shown } = useFirst(packages, SHOWN);
  if (packages.length < 2) {
    return null;
  }
  return (
    <Section title={trans.__('Packages of this notebook')}>
      <ul className="jp-ModelpackPanel-list">
        {shown.map(each => {
          const here =
            each.name === opened?.name && each.version === opened.version;
          const line = lineOf(each, trans);
          return (
            <li key={`${each.name} ${each.version}`}>
              <button
                type="button"
                className="jp-ModelpackPanel-package jp-ModelpackPanel-row"
                aria-current={here ? 'true' : undefined}
                title={`${each.name} ${each.version}: ${line}`}
                onClick={() => props.onOpen(each)}
              >
                <strong>{each.version}</strong>
                <span className="jp-ModelpackPanel-clip">{line}</span>
              </button>
            </li>
          );
        })}
      </ul>
      <More
        rest={rest}
        words={count => trans._n('Show more of %1', 'Show more of %1', count)}
        onMore={more}
        older={props.hasOlder ? trans.__('Show older ones') : null}
        onOlder={props.onOlder}
      />
    </Section>
  );
}

/** When, how it was run, and its first metric: Tue 14:02, sealed, auc 0.873. */
function lineOf(each: IPackageSummary, trans: TranslationBundle): string {
  const { phase, sealed } = each.verified;
  const [metric] = Object.entries(each.metrics);
  return [
    formatWhen(each.created),
    phase === 'Succeeded'
      ? sealed
        ? trans.__('sealed')
        : trans.__('not sealed')
      : trans.__('not verified'),
    metric ? `${metric[0]} ${formatValue(metric[1])}` : formatSize(each.size)
  ].join(', ');
}
