/** Metrics: numbers first, then by how much they moved, then a small line over the releases. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { formatNumber, formatValue } from '../components/format';
import { Spark } from '../components/spark';
import { IChange, IMeasured } from '../releases';

export function Measures(props: {
  metrics: IChange[];
  measured: IMeasured[];
  version: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { trans } = props;
  return (
    <table className="jp-ModelpackReview-table">
      <thead className="jp-ModelpackPanel-unseen">
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          <th scope="col">{trans.__('Now')}</th>
          <th scope="col">{trans.__('Then')}</th>
          <th scope="col">{trans.__('Change')}</th>
          <th scope="col">{trans.__('Over the releases')}</th>
        </tr>
      </thead>
      <tbody>
        {props.metrics.map(each => (
          <tr key={each.name}>
            <th scope="row">{each.name}</th>
            <td className="jp-ModelpackPanel-dim">
              {shown(each.before, trans.__('not measured'))}
            </td>
            <td className="jp-mod-bold">
              {shown(each.after, trans.__('not measured'))}
            </td>
            <td>{moved(each, trans)}</td>
            <td>
              <Spark
                values={series(each, props.measured, props.version)}
                label={trans.__('%1 over the releases', each.name)}
              />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function shown(value: unknown, absent: string): string {
  return value === null || value === undefined ? absent : formatValue(value);
}

/** Which way and by how much; whether that is good, only a person knows. */
function moved({ before, after }: IChange, trans: TranslationBundle): string {
  if (typeof before !== 'number' || typeof after !== 'number') {
    return '';
  }
  // The difference of two decimals is not quite decimal: 0.926 - 0.912.
  const by = Number((after - before).toPrecision(6));
  return by === 0
    ? trans.__('the same')
    : `${by > 0 ? '▲' : '▼'} ${formatNumber(Math.abs(by))}`;
}

/** What the releases measured, oldest first, ending with what is promoted. */
function series(
  change: IChange,
  measured: IMeasured[],
  version: string
): number[] {
  const at = measured.findIndex(each => each.version === version);
  const values = measured
    .slice(0, at + 1)
    .map(each => each.metrics[change.name])
    .filter((value): value is number => typeof value === 'number');
  if (values.length > 1) {
    return values.slice(-20);
  }
  return [change.before, change.after].filter(
    (value): value is number => typeof value === 'number'
  );
}
