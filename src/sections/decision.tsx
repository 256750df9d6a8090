/** The decision: a comment, Approve and Reject, as whom, or why you cannot and who can. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useId, useState } from 'react';

import { PageLink, PrimaryButton, QuietButton } from '../components/buttons';
import { Mark } from '../components/mark';
import { Trouble } from '../components/notice';
import { When } from '../components/person';
import { Sentence } from '../components/words';
import {
  IDecision,
  IIdentity,
  IReview,
  isOpen,
  waitsForYou
} from '../releases';
import { IProblem } from '../tokens';
import { problemWords } from './phases';
import { outcomeSentence, promotionMark } from './standing';

export interface IDecisionProps {
  review: IReview;
  identity: IIdentity | null;
  busy: boolean;
  problem: IProblem | null;
  trans: TranslationBundle;
  /** The page on which it is decided; null where that is done here, undefined until it is known. */
  page: string | null | undefined;
  onDecide: (decision: IDecision) => void;
}

export function Decision(props: IDecisionProps): JSX.Element {
  const { review, trans } = props;
  const { approve } = review.may;
  return (
    <section
      className="jp-ModelpackReview-decision"
      aria-label={trans.__('Decision')}
    >
      <ul className="jp-ModelpackPanel-list">
        {review.approvals.map((each, index) => (
          <li key={index} className="jp-ModelpackPanel-line">
            <Mark kind={each.decision === 'approve' ? 'ok' : 'bad'} />
            <span className="jp-ModelpackPanel-grow">
              {each.decision === 'approve'
                ? trans.__('%1 approved', each.by)
                : trans.__('%1 rejected', each.by)}{' '}
              {each.at && <When at={each.at} />}
              {each.decision === 'approve' && !each.counts && (
                <span className="jp-ModelpackPanel-dim">
                  {' '}
                  {trans.__('(no longer counts)')}
                </span>
              )}
              {each.comment && (
                <span className="jp-ModelpackPanel-advice">
                  “{each.comment}”
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
      {!isOpen(review) ? (
        <div className="jp-ModelpackPanel-line" role="status">
          <Mark kind={promotionMark(review.phase)} />
          <span className="jp-ModelpackPanel-grow">
            {outcomeSentence(review, trans)}
          </span>
        </div>
      ) : waitsForYou(review) ? (
        props.page === undefined ? null : props.page === null ? (
          <Ask {...props} />
        ) : (
          <Elsewhere page={props.page} trans={trans} />
        )
      ) : (
        <div role="status">
          <p>
            <Sentence
              text={approve.sentence || trans.__('You cannot decide this.')}
            />
          </p>
          <p className="jp-ModelpackPanel-advice">
            <Sentence text={review.sentence} />
          </p>
        </div>
      )}
    </section>
  );
}

/** Code in a kernel holds the reader's login here, so that it must not be enough to decide. */
function Elsewhere(props: {
  page: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { page, trans } = props;
  const id = useId();
  return (
    <>
      <div className="jp-ModelpackReview-buttons">
        <PageLink href={page} describedBy={id}>
          {trans.__('Approve or reject…')}
        </PageLink>
      </div>
      <p id={id} className="jp-ModelpackPanel-advice">
        {trans.__(
          'Opens the page of the release service, where you sign in to decide. Code in a notebook could use the login that you have here, so it is not enough.'
        )}
      </p>
    </>
  );
}

function Ask(props: IDecisionProps): JSX.Element {
  const { busy, identity, review, trans } = props;
  const [comment, setComment] = useState('');
  const [missing, setMissing] = useState(false);
  const field = useId();
  const about = `${field}-about`;
  const wanting = missing && !comment.trim();
  const decide = (decision: IDecision['decision']): void => {
    if (decision === 'reject' && !comment.trim()) {
      setMissing(true);
      document.getElementById(field)?.focus();
    } else if (!busy) {
      props.onDecide({ decision, comment: comment.trim() });
    }
  };
  return (
    <>
      <div className="jp-ModelpackPanel-field">
        <label htmlFor={field}>{trans.__('Comment')}</label>
        <textarea
          id={field}
          className="jp-mod-styled"
          rows={3}
          aria-describedby={about}
          aria-invalid={wanting || undefined}
          value={comment}
          onChange={event => setComment(event.target.value)}
        />
        <div
          id={about}
          className={
            wanting ? 'jp-ModelpackPanel-wrong' : 'jp-ModelpackPanel-advice'
          }
        >
          {wanting
            ? trans.__('Say what is wrong with it.')
            : trans.__('%1 reads it, and it is kept.', review.requested_by)}
        </div>
      </div>
      {props.problem && <Trouble {...problemWords(props.problem, trans)} />}
      <div className="jp-ModelpackReview-buttons">
        <PrimaryButton busy={busy} onClick={() => decide('approve')}>
          {trans.__('Approve')}
        </PrimaryButton>
        <QuietButton onClick={() => decide('reject')}>
          {trans.__('Reject')}
        </QuietButton>
        {identity && (
          <span className="jp-ModelpackPanel-advice">
            {trans.__('as %1', identity.username)}
            {!identity.verified && `, ${trans.__('not verified')}`}
          </span>
        )}
      </div>
    </>
  );
}
