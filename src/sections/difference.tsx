/** What would change: cells as text, numbers as numbers, and the names of everything else. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Chip } from '../components/chip';
import { diffLines, IDiffLine, plainly } from '../components/diff';
import { formatSize, formatValue } from '../components/format';
import { Mark } from '../components/mark';
import { Disclosure } from '../components/section';
import { Sentence } from '../components/words';
import { ICellChange, IChange, IDifference, IMeasured } from '../releases';
import { Measures } from './measures';
import { severityMark, severityWord } from './phases';

export interface IDifferenceProps {
  difference: IDifference;
  measured: IMeasured[];
  version: string;
  trans: TranslationBundle;
}

export function Difference(props: IDifferenceProps): JSX.Element {
  const { difference, trans } = props;
  const { cells, findings, metrics, packages, parameters, size } = difference;
  // Nothing was there, so that everything is new: that is said once, not on every line.
  const first = difference.from === null;
  const nothing =
    cells.length + packages.length + parameters.length + metrics.length === 0;
  return (
    <div className="jp-ModelpackReview-difference">
      {nothing && (
        <p>{trans.__('No cell, package, parameter or metric differs.')}</p>
      )}
      <Part title={trans.__('Cells')} count={cells.length}>
        {cells.map((each, index) => (
          <CellDiff key={index} change={each} first={first} trans={trans} />
        ))}
      </Part>
      <Part title={trans.__('Parameters')} count={parameters.length}>
        <Changes changes={parameters} first={first} trans={trans} code />
      </Part>
      <Part title={trans.__('Metrics')} count={metrics.length}>
        <Measures {...props} metrics={metrics} />
      </Part>
      <Part title={trans.__('Packages')} count={packages.length}>
        {first ? (
          <Disclosure
            label={trans._n(
              'First release: %1 package',
              'First release: %1 packages',
              packages.length
            )}
          >
            <Changes changes={packages} first trans={trans} />
          </Disclosure>
        ) : (
          <Changes changes={packages} first={false} trans={trans} />
        )}
      </Part>
      <Part title={trans.__('Findings')} count={findings.length}>
        <ul className="jp-ModelpackPanel-list">
          {findings.map((each, index) => (
            <li key={index} className="jp-ModelpackPanel-line">
              <Mark
                kind={severityMark(each.severity)}
                label={severityWord(each.severity, trans)}
              />
              <span className="jp-ModelpackPanel-grow">
                <Sentence text={plainly(each.message)} />
                {each.cell !== null && (
                  <span className="jp-ModelpackPanel-dim">
                    {' '}
                    {trans.__('cell %1', String(each.cell))}
                  </span>
                )}
              </span>
            </li>
          ))}
        </ul>
      </Part>
      {size?.after && (
        <p className="jp-ModelpackPanel-dim">
          {sizeSentence(size.before, size.after, trans)}
        </p>
      )}
    </div>
  );
}

function sizeSentence(
  before: number | null,
  after: number,
  trans: TranslationBundle
): string {
  const [was, will] = [formatSize(before ?? 0), formatSize(after)];
  if (before === null) {
    return trans.__('The image has %1.', will);
  }
  return was === will
    ? trans.__('The image has %1, as before.', will)
    : trans.__('The image has %1, before %2.', will, was);
}

function Part(props: {
  title: string;
  count: number;
  children: React.ReactNode;
}): JSX.Element | null {
  return props.count === 0 ? null : (
    <section aria-label={props.title}>
      <div className="jp-ModelpackPanel-row jp-ModelpackPanel-sectionHead">
        <h3 className="jp-ModelpackPanel-title">
          {props.title} {props.count}
        </h3>
      </div>
      {props.children}
    </section>
  );
}

function CellDiff(props: {
  change: ICellChange;
  first: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { change, trans } = props;
  const name =
    change.cell === null
      ? trans.__('a cell')
      : trans.__('cell %1', String(change.cell));
  return (
    <figure className="jp-ModelpackReview-diff" aria-label={name}>
      <figcaption className="jp-ModelpackPanel-row">
        <span className="jp-ModelpackReview-cell">{name}</span>
        {change.before === null && !props.first && (
          <Chip>{trans.__('added')}</Chip>
        )}
        {change.after === null && <Chip>{trans.__('removed')}</Chip>}
      </figcaption>
      <pre>
        {diffLines(change.before, change.after).map((line, index) => (
          <DiffLine key={index} line={line} trans={trans} />
        ))}
      </pre>
    </figure>
  );
}

const SIGNS = { same: ' ', added: '+', removed: '-', gap: '' };

function DiffLine(props: {
  line: IDiffLine;
  trans: TranslationBundle;
}): JSX.Element {
  const { line, trans } = props;
  return (
    <span className={`jp-ModelpackReview-line jp-mod-${line.kind}`}>
      {line.kind === 'gap'
        ? trans._n('%1 line is the same', '%1 lines are the same', line.count)
        : `${SIGNS[line.kind]} ${plainly(line.text)}`}
      {'\n'}
    </span>
  );
}

/** Names with what they were and what they would be. */
function Changes(props: {
  changes: IChange[];
  /** Whether there was nothing before. */
  first: boolean;
  code?: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { first, trans } = props;
  const show = (value: unknown, absent: string): JSX.Element =>
    value === null || value === undefined ? (
      <span className="jp-ModelpackPanel-dim">{absent}</span>
    ) : props.code ? (
      <code>{plainly(formatValue(value))}</code>
    ) : (
      <>{plainly(formatValue(value))}</>
    );
  return (
    <table className="jp-ModelpackReview-table">
      <thead className="jp-ModelpackPanel-unseen">
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          {!first && <th scope="col">{trans.__('Now')}</th>}
          <th scope="col">{trans.__('Then')}</th>
        </tr>
      </thead>
      <tbody>
        {props.changes.map((each, index) => (
          <tr key={index}>
            <th scope="row">{plainly(each.name)}</th>
            {!first && (
              <td className="jp-ModelpackPanel-dim">
                {show(each.before, trans.__('not there'))}
              </td>
            )}
            <td className="jp-mod-bold">
              {show(each.after, trans.__('removed'))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
