/** What is inside a package: its layers, its distributions, its files, its parameters. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { IPart, SizeLegend } from '../components/bars';
import { formatSize, formatValue } from '../components/format';
import { Disclosure } from '../components/section';
import { MiddleCut } from '../components/words';
import { IPackage } from '../tokens';

interface IRow {
  name: string;
  note: string;
}

export function Inside(props: {
  detail: IPackage;
  parts: IPart[];
  trans: TranslationBundle;
}): JSX.Element {
  const { detail, trans } = props;
  return (
    <>
      <SizeLegend parts={props.parts} />
      {detail.commit && (
        <div className="jp-ModelpackPanel-advice">
          {trans.__('Made at commit')}{' '}
          <code title={detail.commit}>{detail.commit.slice(0, 10)}</code>
        </div>
      )}
      <Rows
        label={trans._n(
          '%1 Python package',
          '%1 Python packages',
          detail.distributions.length
        )}
        rows={[...detail.distributions]
          .sort((a, b) => (b.size ?? 0) - (a.size ?? 0))
          .map(({ name, version, size }) => ({
            name: `${name} ${version}`,
            note: size === null ? '' : formatSize(size)
          }))}
      />
      <Rows
        open
        label={trans._n('%1 file', '%1 files', detail.files.length)}
        rows={detail.files.map(file => ({
          name: file.path,
          note: formatSize(file.size)
        }))}
      />
      <Rows
        open
        label={trans._n(
          '%1 parameter',
          '%1 parameters',
          detail.parameters.length
        )}
        rows={detail.parameters.map(parameter => ({
          name: parameter.name,
          note: formatValue(parameter.default)
        }))}
      />
      <Rows
        open
        label={trans._n(
          '%1 setting that a run needs',
          '%1 settings that a run needs',
          detail.settings.length
        )}
        rows={detail.settings.map(name => ({ name, note: '' }))}
      />
      <Rows
        open
        label={trans._n(
          '%1 input that is not inside',
          '%1 inputs that are not inside',
          detail.external.length
        )}
        rows={detail.external.map(file => ({
          name: file.path,
          note: formatSize(file.size)
        }))}
      />
    </>
  );
}

/** A list that opens; nothing where there is nothing. */
function Rows(props: {
  label: string;
  rows: IRow[];
  open?: boolean;
}): JSX.Element | null {
  const { label, rows } = props;
  return rows.length === 0 ? null : (
    <div>
      <Disclosure label={label} open={props.open && rows.length <= 8}>
        <ul className="jp-ModelpackPanel-rows">
          {rows.map((row, index) => (
            <li key={index} className="jp-ModelpackPanel-row">
              <MiddleCut text={row.name} />
              <span className="jp-ModelpackPanel-note" title={row.note}>
                {row.note}
              </span>
            </li>
          ))}
        </ul>
      </Disclosure>
    </div>
  );
}
