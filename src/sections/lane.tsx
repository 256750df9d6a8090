/** One environment: what holds it, what may come into it and on what terms, and how to go back. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useId, useRef, useState } from 'react';

import { AwayLink, LinkButton, QuietButton } from '../components/buttons';
import { Chip } from '../components/chip';
import { Mark } from '../components/mark';
import { Trouble } from '../components/notice';
import { Person, When } from '../components/person';
import { Disclosure } from '../components/section';
import { Sentence } from '../components/words';
import { IEnvironment, IPromotion } from '../releases';
import { IProblem } from '../tokens';
import { Gates } from './gates';
import { ILaneForms, LaneForms, Opened } from './laneforms';
import { IElsewhere, ILaneActions } from './lives';
import { problemWords } from './phases';
import { outcomeSentence, promotionMark, promotionWord } from './standing';

export interface ILaneProps {
  environment: IEnvironment;
  busy: boolean;
  problem: IProblem | null;
  outcome: IPromotion | null;
  elsewhere: IElsewhere | null;
  actions: ILaneActions;
  trans: TranslationBundle;
}

type IPart = ILaneProps &
  ILaneForms & {
    /** The sentence that says how things stand. */
    about: string;
    toggle: (part: Opened) => void;
  };

export function Lane(props: ILaneProps): JSX.Element {
  const { environment, outcome, problem, trans } = props;
  const { holds, waiting } = environment;
  const [opened, setOpened] = useState<Opened>(null);
  const about = useId();
  const lane = useRef<HTMLLIElement>(null);
  const part: IPart = {
    ...props,
    opened,
    about,
    toggle: wanted => setOpened(opened === wanted ? null : wanted),
    // What had the focus is gone with the form, so that the lane takes it.
    close: () => {
      setOpened(null);
      lane.current?.focus();
    }
  };
  return (
    <li
      ref={lane}
      className="jp-ModelpackPanel-lane"
      tabIndex={-1}
      aria-label={environment.name}
    >
      <span className="jp-ModelpackPanel-laneName" title={environment.name}>
        {environment.name}
      </span>
      {holds ? (
        <strong>{holds.version}</strong>
      ) : (
        <span className="jp-ModelpackPanel-nothing">
          {trans.__('nothing yet')}
        </span>
      )}
      <Action {...part} />
      <div className="jp-ModelpackPanel-laneMore">
        {environment.drift && <Drift {...part} />}
        {holds && (
          <div className="jp-ModelpackPanel-advice">
            {trans.__('since')} <When at={holds.since} />{' '}
            {holds.by && <Person name={holds.by} />}
          </div>
        )}
        <div id={about} role="status">
          <Standing {...part} />
        </div>
        {outcome && !waiting && (
          <div className="jp-ModelpackPanel-line">
            <Mark kind={promotionMark(outcome.phase)} />
            <span className="jp-ModelpackPanel-grow">
              {outcomeSentence(outcome, trans)}
            </span>
          </div>
        )}
        {problem && opened === null && (
          <Trouble {...problemWords(problem, trans)} />
        )}
        <Links {...part} />
        <LaneForms {...part} />
      </div>
    </li>
  );
}

/** Whether it holds what would be promoted. */
function isHere({ holds, promote }: IEnvironment): boolean {
  return holds !== null && holds.version === promote?.version;
}

function Action(props: IPart): JSX.Element | null {
  const { environment, opened, trans } = props;
  const { promote, waiting } = environment;
  if (waiting) {
    return (
      <Chip mark={promotionMark(waiting.phase)}>
        {waiting.phase === 'Waiting'
          ? trans.__('waiting')
          : promotionWord(waiting.phase, trans)}
      </Chip>
    );
  }
  if (isHere(environment)) {
    return <Chip mark="ok">{trans.__('active')}</Chip>;
  }
  return promote?.version ? (
    <QuietButton
      label={trans.__('Promote %1 to %2', promote.version, environment.name)}
      disabled={!promote.allowed}
      describedBy={props.about}
      pressed={promote.allowed ? opened === 'promote' : undefined}
      onClick={() => props.toggle('promote')}
    >
      {promote.allowed ? trans.__('Promote…') : trans.__('Promote')}
    </QuietButton>
  ) : null;
}

/** What was put there is not what runs there. */
function Drift({ environment, trans }: IPart): JSX.Element | null {
  const { drift } = environment;
  return (
    drift && (
      <div className="jp-ModelpackPanel-line">
        <Mark kind="warn" label={trans.__('Drift:')} />
        <span className="jp-ModelpackPanel-grow">
          <Sentence text={drift.sentence} />{' '}
          {drift.since && (
            <span className="jp-ModelpackPanel-dim">
              {trans.__('since')} <When at={drift.since} />
            </span>
          )}
        </span>
      </div>
    )
  );
}

/** What is asked for here, or why nothing can be. */
function Standing(props: IPart): JSX.Element | null {
  const { environment, opened, trans } = props;
  const { promote, waiting } = environment;
  if (waiting) {
    return (
      <>
        <strong>{waiting.version}</strong>{' '}
        <span className="jp-ModelpackPanel-small jp-ModelpackPanel-dim">
          {waiting.reason && `“${waiting.reason}” `}
          {trans.__('asked by %1', waiting.requested_by)},{' '}
          <When at={waiting.created} />
        </span>
        <div className="jp-ModelpackPanel-advice">
          <Sentence text={waiting.sentence} />
        </div>
      </>
    );
  }
  return promote?.sentence && opened !== 'promote' && !isHere(environment) ? (
    <span className="jp-ModelpackPanel-advice">
      <Sentence text={promote.sentence} />
    </span>
  ) : null;
}

function Links(props: IPart): JSX.Element {
  const { actions, environment, opened, toggle, trans } = props;
  const { holds, name, promote, rollback, waiting } = environment;
  const checks = waiting?.checks ?? promote?.checks ?? [];
  const asks = trans.__('What %1 asks for', name);
  const stuck = promote !== null && !promote.allowed && !isHere(environment);
  const going = rollback?.allowed && rollback.to.length > 0 && !waiting;
  const none = rollback !== null && !rollback.allowed && rollback.to.length > 0;
  return (
    <>
      <div className="jp-ModelpackPanel-actions">
        {checks.length > 0 && (waiting !== null || stuck) && (
          <Disclosure label={asks}>
            <Gates checks={checks} label={asks} trans={trans} />
          </Disclosure>
        )}
        {waiting && (
          <LinkButton onClick={() => actions.review(waiting.id)}>
            {trans.__('See the difference')}
          </LinkButton>
        )}
        {waiting && props.elsewhere !== null && (
          <AwayLink
            href={props.elsewhere.promotion(waiting.id)}
            title={trans.__(
              'The page of the release service on which this is decided: send its address to those who may.'
            )}
          >
            {trans.__('Page to decide')}
          </AwayLink>
        )}
        {waiting?.may.withdraw.allowed && (
          <LinkButton onClick={() => void actions.withdraw(name, waiting.id)}>
            {trans.__('Withdraw')}
          </LinkButton>
        )}
        {going && props.elsewhere !== null && (
          <AwayLink
            href={props.elsewhere.package}
            title={trans.__(
              'Opens the page of the release service, where you sign in to do it.'
            )}
          >
            {trans.__('Roll back…')}
          </AwayLink>
        )}
        {going && props.elsewhere === null && (
          <LinkButton
            label={trans.__('Roll back %1', name)}
            pressed={opened === 'rollback'}
            onClick={() => toggle('rollback')}
          >
            {trans.__('Roll back…')}
          </LinkButton>
        )}
        {(holds || rollback) && (
          <LinkButton
            label={trans.__('History of %1', name)}
            pressed={opened === 'history'}
            onClick={() => toggle('history')}
          >
            {trans.__('History')}
          </LinkButton>
        )}
      </div>
      {none && (
        <div className="jp-ModelpackPanel-advice">
          {trans.__('No rollback:')} <Sentence text={rollback.sentence} />
        </div>
      )}
    </>
  );
}
