/** Where it lives: a lane for each environment, from the first to production. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { AwayLink } from '../components/buttons';
import { Chip } from '../components/chip';
import { Section } from '../components/section';
import { Sentence } from '../components/words';
import { IEnvironments, IHistoryEntry, IPromotion } from '../releases';
import { IListing, IProblem } from '../tokens';
import { Lane } from './lane';

/** What a lane can ask for; each answer is whether it was taken. */
export interface ILaneActions {
  promote: (
    environment: string,
    version: string,
    reason: string
  ) => Promise<boolean>;
  rollBack: (
    environment: string,
    version: string,
    reason: string
  ) => Promise<boolean>;
  withdraw: (environment: string, id: string) => Promise<boolean>;
  review: (id: string) => void;
  history: (environment: string, at: string) => IListing<IHistoryEntry>;
}

/** Pages on which people sign in, to decide and to roll back. */
export interface IElsewhere {
  package: string;
  promotion: (id: string) => string;
}

export interface ILivesProps {
  value: IEnvironments;
  /** The environment that something is being asked of. */
  asking: string | null;
  refusal: { environment: string; problem: IProblem } | null;
  outcome: (environment: string) => IPromotion | null;
  /** The page that says who may do what. */
  rules: string;
  /** The release service's own pages; null where everything is done here. */
  elsewhere: IElsewhere | null;
  actions: ILaneActions;
  trans: TranslationBundle;
}

export function Lives(props: ILivesProps): JSX.Element {
  const { refusal, trans, value } = props;
  const { identity, policy } = value;
  return (
    <Section
      title={trans.__('Where it lives')}
      aside={policy && <Chip>{trans.__('%1 policy', policy.size)}</Chip>}
    >
      <ul className="jp-ModelpackPanel-lanes">
        {value.environments.map(each => (
          <Lane
            key={each.name}
            environment={each}
            busy={props.asking === each.name}
            problem={
              refusal?.environment === each.name ? refusal.problem : null
            }
            outcome={props.outcome(each.name)}
            elsewhere={props.elsewhere}
            actions={props.actions}
            trans={trans}
          />
        ))}
      </ul>
      {[policy?.sentence, identity?.verified ? '' : identity?.sentence]
        .filter(Boolean)
        .map(sentence => (
          <p key={sentence} className="jp-ModelpackPanel-advice">
            <Sentence text={sentence ?? ''} />
          </p>
        ))}
      <AwayLink
        href={props.rules}
        title={trans.__('What the policy says, on a page of its own')}
      >
        {trans.__('Who may do what')}
      </AwayLink>
    </Section>
  );
}
