/** What an environment asks for, as a checklist: each with its reason and what to do. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import { LinkButton } from '../components/buttons';
import { Mark, MarkKind } from '../components/mark';
import { Sentence } from '../components/words';
import { IGate, Outcome } from '../releases';

/** How many checks are shown before their reader asks for the rest. */
const SHOWN = 8;

export function Gates(props: {
  checks: IGate[];
  label: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { checks, trans } = props;
  const [all, setAll] = useState(false);
  const shown = all ? checks : foremost(checks);
  const rest = checks.length - shown.length;
  return (
    <>
      <ul className="jp-ModelpackPanel-list" aria-label={props.label}>
        {shown.map((each, index) => (
          <li key={index} className="jp-ModelpackPanel-line">
            <Mark
              kind={outcomeMark(each.outcome)}
              label={outcomeWord(each.outcome, trans)}
            />
            <span className="jp-ModelpackPanel-grow">
              <Sentence text={each.sentence} />
              {behind(each).map(text => (
                <span key={text} className="jp-ModelpackPanel-advice">
                  <Sentence text={text} />
                </span>
              ))}
            </span>
          </li>
        ))}
      </ul>
      {rest > 0 && (
        <LinkButton onClick={() => setAll(true)}>
          {trans._n(
            'Show %1 more that is fulfilled',
            'Show %1 more that are fulfilled',
            rest
          )}
        </LinkButton>
      )}
    </>
  );
}

/** All that is not fulfilled, and as many of the others as fit, in the order of the policy. */
function foremost(checks: IGate[]): IGate[] {
  let room = SHOWN - checks.filter(each => each.outcome !== 'passed').length;
  return checks.filter(each => each.outcome !== 'passed' || room-- > 0);
}

/** Who waits needs no advice beside whom for; what is fulfilled needs none at all. */
function behind({ advice, detail, outcome }: IGate): string[] {
  const wanted = outcome !== 'passed' && !(outcome === 'waiting' && detail);
  return [detail, wanted ? advice : ''].filter(Boolean);
}

function outcomeMark(outcome: Outcome): MarkKind {
  switch (outcome) {
    case 'passed':
      return 'ok';
    case 'failed':
      return 'bad';
    case 'unknown':
      return 'warn';
    case 'waiting':
      return 'note';
  }
}

function outcomeWord(outcome: Outcome, trans: TranslationBundle): string {
  switch (outcome) {
    case 'passed':
      return trans.__('Fulfilled:');
    case 'failed':
      return trans.__('Not fulfilled:');
    case 'unknown':
      return trans.__('Not known:');
    case 'waiting':
      return trans.__('Still to come:');
  }
}
