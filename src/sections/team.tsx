/** What the team added for its own sake, by whom and since when, and who answers for it all. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { isName, Person } from '../components/person';
import { Disclosure } from '../components/section';
import { Sentence } from '../components/words';
import { IOwner, ITeamPart } from '../tokens';
import { CellLink } from './findings';

export interface ITeamPartsProps {
  parts: ITeamPart[];
  owner: IOwner | null;
  trans: TranslationBundle;
  /** Left out where there is no notebook to go to. */
  onReveal?: (cell: number) => void;
}

/** Nothing where the team added nothing. */
export function TeamParts(props: ITeamPartsProps): JSX.Element | null {
  const { owner, parts, trans } = props;
  const named = owner !== null && owner.name !== '';
  return parts.length === 0 && !named ? null : (
    <div>
      <Disclosure label={summaryOf(props)}>
        <ul className="jp-ModelpackPanel-list">
          {parts.map((part, index) => (
            <PartLine key={index} {...props} part={part} />
          ))}
          {named && (
            <li className="jp-ModelpackPanel-line">
              <span className="jp-ModelpackPanel-grow">
                {trans.__('%1 answers for it.', owner.name)}{' '}
                <span className="jp-ModelpackPanel-dim">{owner.contact}</span>
                {owner.runbook && (
                  <span className="jp-ModelpackPanel-advice">
                    {trans.__('When it fails:')}{' '}
                    <Sentence text={owner.runbook} />
                  </span>
                )}
              </span>
            </li>
          )}
        </ul>
      </Disclosure>
    </div>
  );
}

function PartLine(props: ITeamPartsProps & { part: ITeamPart }): JSX.Element {
  const { part, trans, onReveal } = props;
  const { by, cell, since } = part;
  return (
    <li className="jp-ModelpackPanel-line">
      <span className="jp-ModelpackPanel-grow">
        {kindWord(part.kind, trans)}{' '}
        <span className="jp-ModelpackPanel-dim">
          {by && (
            <>
              {trans.__('by')} <Person name={by} />
            </>
          )}{' '}
          {since && trans.__('since %1', since)}
        </span>
      </span>
      {onReveal ? (
        <CellLink cell={cell} trans={trans} onReveal={onReveal} />
      ) : (
        cell !== null && (
          <span className="jp-ModelpackPanel-dim">
            {trans.__('cell %1', String(cell))}
          </span>
        )
      )}
    </li>
  );
}

/** "Checks: 2 by ben, 2 by ada; model card": what there is before it is opened. */
function summaryOf({ owner, parts, trans }: ITeamPartsProps): string {
  const checks = parts.filter(each => each.kind === 'check');
  const people = [...new Set(checks.map(each => each.by))];
  const counts = people.map(by => {
    const count = checks.filter(each => each.by === by).length;
    // One who has no name there is whoever looks, and is not told their number.
    if (people.length === 1 && by && !isName(by)) {
      return String(count);
    }
    return by
      ? trans.__('%1 by %2', String(count), by)
      : trans.__('%1 by nobody known', String(count));
  });
  const others = [...new Set(parts.map(each => each.kind))]
    .filter(kind => kind !== 'check')
    .map(kind => kindWord(kind, trans));
  return [
    checks.length ? trans.__('Checks: %1', counts.join(', ')) : '',
    ...others,
    parts.length === 0 && owner ? trans.__('Owner: %1', owner.name) : ''
  ]
    .filter(Boolean)
    .join('; ');
}

function kindWord(kind: string, trans: TranslationBundle): string {
  switch (kind) {
    case 'check':
      return trans.__('Check');
    case 'model-card':
      return trans.__('Model card');
    case 'sample-input':
      return trans.__('Sample input');
    default:
      return kind;
  }
}
