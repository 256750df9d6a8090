/** The files that a run wrote, each to be saved, and those that did not come back. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { CopyButton } from '../components/buttons';
import { formatSize, shortDigest } from '../components/format';
import { MiddleCut } from '../components/words';
import { IRun } from '../tokens';

export interface IWrittenProps {
  run: IRun;
  trans: TranslationBundle;
  /** Where a file can be had. */
  hrefOf: (run: IRun, path: string) => string;
}

export function Written(props: IWrittenProps): JSX.Element {
  const { run, trans } = props;
  return (
    <>
      {run.outputs.length > 0 && (
        <ul
          className="jp-ModelpackPanel-rows"
          aria-label={trans.__('Files that the run wrote')}
        >
          {run.outputs.map(file => (
            <li key={file.path} className="jp-ModelpackPanel-row">
              {file.left_behind ? (
                <MiddleCut text={file.path} />
              ) : (
                <a
                  className="jp-ModelpackPanel-link jp-ModelpackPanel-file"
                  href={props.hrefOf(run, file.path)}
                  title={trans.__('Save %1', file.path)}
                  download
                >
                  <MiddleCut text={file.path} />
                </a>
              )}
              <span className="jp-ModelpackPanel-note">
                {file.left_behind
                  ? trans.__('%1, not here', formatSize(file.size))
                  : formatSize(file.size)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {run.outputs.some(file => file.left_behind) && (
        <div className="jp-ModelpackPanel-advice">
          {run.left_at?.problem ||
            (run.left_at?.artifact
              ? trans.__('What is not here is more than a run can bring back.')
              : trans.__(
                  'What is not here was too large for the pod’s log. Ask your platform team for a registry for results.'
                ))}
        </div>
      )}
      {run.left_at?.artifact && (
        <Artifact name={run.left_at.artifact} trans={trans} />
      )}
    </>
  );
}

/** Where all of it is, for those who read registries. */
function Artifact(props: {
  name: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { name, trans } = props;
  const [repository, digest = ''] = name.split('@');
  return (
    <div className="jp-ModelpackPanel-row jp-ModelpackPanel-digest">
      <span className="jp-ModelpackPanel-advice jp-ModelpackPanel-grow">
        {trans.__('Also in %1', repository)}
        <br />
        <code title={name}>{shortDigest(digest)}</code>
      </span>
      <CopyButton
        text={name}
        label={trans.__('Copy where the files are in the registry')}
        copy={trans.__('Copy')}
        copied={trans.__('Copied')}
      />
    </div>
  );
}
