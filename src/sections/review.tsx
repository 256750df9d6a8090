/** The reviewer's page: the difference, then what is asked for, then the evidence, then the decision. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { LinkButton } from '../components/buttons';
import { Chip } from '../components/chip';
import { Mark } from '../components/mark';
import { Person, When } from '../components/person';
import { Sentence } from '../components/words';
import { IDecision, IIdentity, IMeasured, IReview } from '../releases';
import { IProblem, IRun } from '../tokens';
import { Decision } from './decision';
import { Difference } from './difference';
import { Evidence } from './evidence';
import { Gates } from './gates';
import { phaseMark, phaseWord } from './phases';
import { promotionMark, promotionWord } from './standing';

export interface IReviewProps {
  review: IReview;
  measured: IMeasured[];
  identity: IIdentity | null;
  busy: boolean;
  problem: IProblem | null;
  trans: TranslationBundle;
  /** The page on which it is decided; null where that is done here, undefined until it is known. */
  page: string | null | undefined;
  /** The runs of this release that are over, newest first. */
  runs: IRun[];
  onDecide: (decision: IDecision) => void;
  onOpenRun: (id: string) => void;
}

export function Review(props: IReviewProps): JSX.Element {
  const { review, trans } = props;
  const asks = trans.__('What %1 asks for', review.environment);
  return (
    <>
      <Head {...props} />
      <div className="jp-ModelpackReview-columns">
        <div>
          {review.difference ? (
            <Difference
              difference={review.difference}
              measured={props.measured}
              version={review.version}
              trans={trans}
            />
          ) : (
            <p>{trans.__('The difference is not known.')}</p>
          )}
        </div>
        <div>
          <Card title={asks}>
            <Gates checks={review.checks} label={asks} trans={trans} />
          </Card>
          <Card title={trans.__('Evidence')}>
            <Evidence review={review} trans={trans} />
            <Runs {...props} />
          </Card>
          <Decision {...props} />
        </div>
      </div>
    </>
  );
}

function Head({ review, trans }: IReviewProps): JSX.Element {
  const { difference, environment } = review;
  return (
    <div>
      <div className="jp-ModelpackPanel-row">
        <h2 className="jp-ModelpackReview-title">
          {review.name} {review.version} → {environment}
        </h2>
        <Chip mark={promotionMark(review.phase)}>
          {promotionWord(review.phase, trans)}
        </Chip>
      </div>
      <p className="jp-ModelpackReview-asked">
        <Person name={review.requested_by} />{' '}
        {review.kind === 'rollback'
          ? trans.__('asked to roll back')
          : trans.__('asked')}{' '}
        <When at={review.created} />
        {review.reason && `: “${review.reason}”.`}{' '}
        {difference &&
          (difference.from === null
            ? trans.__('There is nothing in %1 yet.', environment)
            : trans.__('%1 runs %2.', capital(environment), difference.from))}
      </p>
      {difference?.sentence && (
        <p className="jp-ModelpackReview-sum">
          <Sentence text={difference.sentence} />{' '}
          {review.evidence && <Sentence text={review.evidence.why} />}
        </p>
      )}
    </div>
  );
}

/** The runs of this release, each to be read as it ran, in a frame that runs nothing. */
function Runs({ runs, trans, onOpenRun }: IReviewProps): JSX.Element {
  return (
    <ul className="jp-ModelpackPanel-list">
      {runs.map(run => (
        <li key={run.id} className="jp-ModelpackPanel-row">
          <Mark
            kind={phaseMark(run.phase)}
            label={phaseWord(run.phase, trans)}
          />
          <span className="jp-ModelpackPanel-grow">
            {trans.__('Run of')} <When at={run.created} />
          </span>
          <LinkButton onClick={() => onOpenRun(run.id)}>
            {trans.__('Notebook as it ran')}
          </LinkButton>
        </li>
      ))}
    </ul>
  );
}

/** A name as the first word of a sentence. */
function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function Card(props: {
  title: string;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <section className="jp-ModelpackReview-card" aria-label={props.title}>
      <h3 className="jp-ModelpackPanel-title">{props.title}</h3>
      {props.children}
    </section>
  );
}
