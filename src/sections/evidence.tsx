/** What stands behind a release: how it ran, who made it, and the digests that name it. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { CopyButton } from '../components/buttons';
import { shortDigest } from '../components/format';
import { Mark } from '../components/mark';
import { Person, When } from '../components/person';
import { Sentence } from '../components/words';
import { IReview } from '../releases';
import { phaseMark } from './phases';
import { TeamParts } from './team';

export function Evidence(props: {
  review: IReview;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { review, trans } = props;
  const { evidence } = review;
  if (!evidence) {
    return null;
  }
  const { checks, verified } = evidence;
  const passed = checks.filter(each => each.passed).length;
  return (
    <ul className="jp-ModelpackPanel-list">
      {verified && (
        <li className="jp-ModelpackPanel-line">
          <Mark
            kind={
              verified.phase === 'Succeeded' && !verified.sealed
                ? 'warn'
                : phaseMark(verified.phase)
            }
          />
          <span className="jp-ModelpackPanel-grow">
            <Sentence text={verified.text || trans.__('It was not run.')} />
          </span>
        </li>
      )}
      {checks.length > 0 && (
        <li className="jp-ModelpackPanel-line">
          <Mark kind={passed === checks.length ? 'ok' : 'bad'} />
          <span className="jp-ModelpackPanel-grow">
            {trans._n(
              '%2 of %1 check passed.',
              '%2 of %1 checks passed.',
              checks.length,
              String(passed)
            )}
          </span>
        </li>
      )}
      <li>
        <TeamParts
          parts={evidence.parts}
          owner={evidence.owner}
          trans={trans}
        />
      </li>
      {evidence.author && (
        <li className="jp-ModelpackPanel-line jp-mod-unmarked">
          <span className="jp-ModelpackPanel-grow">
            {trans.__('Made by')} <Person name={evidence.author} />{' '}
            {evidence.made && <When at={evidence.made} />}
            <span className="jp-ModelpackPanel-advice">{evidence.path}</span>
          </span>
        </li>
      )}
      <Named label={trans.__('Image')} digest={review.digest} trans={trans} />
      <Named
        label={trans.__('Notebook')}
        digest={evidence.notebook_digest}
        trans={trans}
      />
      <Named
        label={trans.__('Package list')}
        digest={evidence.sbom}
        trans={trans}
      />
      <Named
        label={trans.__('Signed provenance')}
        digest={evidence.provenance}
        trans={trans}
      />
    </ul>
  );
}

function Named(props: {
  label: string;
  digest: string;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { digest, label, trans } = props;
  return digest === '' ? null : (
    <li className="jp-ModelpackPanel-row jp-ModelpackReview-named">
      <span className="jp-ModelpackPanel-grow">
        {label}{' '}
        <code className="jp-ModelpackPanel-dim" title={digest}>
          {shortDigest(digest)}
        </code>
      </span>
      <CopyButton
        text={digest}
        label={trans.__('Copy the digest: %1', label)}
        copy={trans.__('Copy')}
        copied={trans.__('Copied')}
      />
    </li>
  );
}
