/** The data that a run read beside its image, and whether it is what the release was made with. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { formatSize } from '../components/format';
import { Mark } from '../components/mark';
import { Disclosure } from '../components/section';
import { MiddleCut, Sentence } from '../components/words';
import { IInput } from '../tokens';

export interface IInputsReadProps {
  inputs: IInput[];
  /** The sentence that says which of them changed. */
  changed: string | null;
  trans: TranslationBundle;
}

export function InputsRead(props: IInputsReadProps): JSX.Element | null {
  const { changed, inputs, trans } = props;
  if (inputs.length === 0) {
    return null;
  }
  return (
    <>
      {changed && (
        <div className="jp-ModelpackPanel-line">
          <Mark kind="warn" label={trans.__('Other data:')} />
          <span className="jp-ModelpackPanel-grow">
            <Sentence text={changed} />
          </span>
        </div>
      )}
      <Disclosure
        label={trans._n('Data: %1 file', 'Data: %1 files', inputs.length)}
      >
        <ul
          className="jp-ModelpackPanel-rows"
          aria-label={trans.__('Files that the run read')}
        >
          {inputs.map((file, index) => (
            <li key={index} className="jp-ModelpackPanel-row">
              {file.digest ? (
                <>
                  <MiddleCut text={file.path} />
                  <span className="jp-ModelpackPanel-note" title={file.digest}>
                    {file.changed && `${trans.__('changed')}, `}
                    {formatSize(file.size)}
                    {`, ${file.digest.slice(7, 19)}`}
                  </span>
                </>
              ) : (
                <span className="jp-ModelpackPanel-advice">
                  <Sentence text={file.note || file.path} />
                </span>
              )}
            </li>
          ))}
        </ul>
      </Disclosure>
    </>
  );
}
