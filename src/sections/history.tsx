/** What an environment held, since when, who asked, who approved, and why. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useId, useState } from 'react';

import { Chip } from '../components/chip';
import { More, useFirst } from '../components/more';
import { Trouble } from '../components/notice';
import { When } from '../components/person';
import { IHistoryEntry } from '../releases';
import { IListing } from '../tokens';
import { ILaneActions } from './lives';
import { problemWords } from './phases';

export interface IHistoryProps {
  environment: string;
  /** What it holds now: a change of it means that there is more to read. */
  now: string;
  trans: TranslationBundle;
  read: ILaneActions['history'];
}

const SHOWN = 20;

export function History(props: IHistoryProps): JSX.Element {
  const { environment, now, read, trans } = props;
  const id = useId();
  const [at, setAt] = useState('');
  const listing = useHistory({ at, environment, now, read });
  const entries = listing?.items ?? [];
  const problem = listing?.problem ?? null;
  const { more, rest, shown } = useFirst(entries, SHOWN);
  return (
    <div className="jp-ModelpackPanel-history">
      <div className="jp-ModelpackPanel-field">
        <label htmlFor={id}>{trans.__('What was in %1 at', environment)}</label>
        <input
          id={id}
          type="datetime-local"
          className="jp-mod-styled"
          value={at}
          onChange={event => setAt(event.target.value)}
        />
      </div>
      {problem && <Trouble {...problemWords(problem, trans)} />}
      {listing?.isKnown && entries.length === 0 && (
        <p className="jp-ModelpackPanel-advice">
          {at
            ? trans.__('Nothing was there then.')
            : trans.__('Nothing has been there yet.')}
        </p>
      )}
      <ul
        className="jp-ModelpackPanel-list"
        aria-label={trans.__('History of %1', environment)}
      >
        {shown.map((entry, index) => (
          <Entry key={`${entry.at} ${index}`} entry={entry} trans={trans} />
        ))}
      </ul>
      <More
        rest={rest}
        words={count => trans._n('Show more of %1', 'Show more of %1', count)}
        onMore={more}
        older={listing?.hasOlder ? trans.__('Show older ones') : null}
        onOlder={() => void listing?.older()}
      />
    </div>
  );
}

/** The history of an environment at a moment; another one when it holds something else. */
function useHistory({
  at,
  environment,
  now,
  read
}: Omit<IHistoryProps, 'trans'> & {
  at: string;
}): IListing<IHistoryEntry> | null {
  const [listing, setListing] = useState<IListing<IHistoryEntry> | null>(null);
  const [, draw] = useState(0);
  useEffect(() => {
    const found = read(environment, at ? new Date(at).toISOString() : '');
    found.changed.connect(() => {
      if (found.isKnown || found.problem) {
        setListing(found); // not before: what was shown stays until then
        draw(count => count + 1);
      }
    });
    void found.refresh();
    return () => {
      found.dispose();
    };
    // `read` is another function at every drawing; what it reads is not.
  }, [environment, now, at]);
  return listing;
}

function Entry(props: {
  entry: IHistoryEntry;
  trans: TranslationBundle;
}): JSX.Element {
  const { entry, trans } = props;
  const approved = entry.approved_by.join(', ');
  return (
    <li className="jp-ModelpackPanel-entry" title={entry.sentence}>
      <div className="jp-ModelpackPanel-row">
        <strong>{entry.version}</strong>
        <span className="jp-ModelpackPanel-grow jp-ModelpackPanel-dim">
          <When at={entry.at} />
          {' – '}
          {entry.until ? <When at={entry.until} /> : trans.__('now')}
        </span>
        {entry.kind === 'rollback' && <Chip>{trans.__('rolled back')}</Chip>}
      </div>
      {entry.reason && <div>“{entry.reason}”</div>}
      <div className="jp-ModelpackPanel-advice">
        {approved
          ? trans.__('%1 asked, %2 approved', entry.by, approved)
          : entry.kind === 'rollback'
            ? trans.__('%1 rolled back, without an approval', entry.by)
            : trans.__('%1 asked, no approval was needed', entry.by)}
      </div>
    </li>
  );
}
