/** What an environment asks for, as a checklist: each with its reason and what to do. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Mark, MarkKind } from '../components/mark';
import { Sentence } from '../components/words';
import { IGate, Outcome } from '../releases';

export function Gates(props: {
  checks: IGate[];
  label: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { checks, trans } = props;
  return (
    <ul className="jp-ModelpackPanel-list" aria-label={props.label}>
      {checks.map((each, index) => (
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
  );
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
