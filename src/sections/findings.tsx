/** In the way: what was found in the notebook, each with its cell and what to do. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import { LinkButton } from '../components/buttons';
import { CellChip, Chip } from '../components/chip';
import { Mark } from '../components/mark';
import { Section } from '../components/section';
import { Sentence } from '../components/words';
import { IFinding } from '../tokens';
import { severityMark, severityWord } from './phases';

/** How many findings are shown before their reader asks for the rest. */
const SHOWN = 6;

export interface IFindingsProps {
  findings: IFinding[];
  /** What was looked at, when nothing was found. */
  looked: string;
  trans: TranslationBundle;
  onReveal: (cell: number) => void;
}

export function Findings(props: IFindingsProps): JSX.Element {
  const { findings, trans } = props;
  const [all, setAll] = useState(false);
  const blocking = countBlocking(findings);
  const shown = all ? findings : findings.slice(0, Math.max(SHOWN, blocking));
  const rest = findings.length - shown.length;
  return (
    <Section
      title={trans.__('In the way')}
      aside={
        blocking > 0 && (
          <Chip mark="bad">
            {trans._n('%1 stops it', '%1 stop it', blocking)}
          </Chip>
        )
      }
    >
      {findings.length === 0 ? (
        <div className="jp-ModelpackPanel-line">
          <Mark kind="ok" />
          <span className="jp-ModelpackPanel-grow">
            {trans.__('Nothing.')}{' '}
            <span className="jp-ModelpackPanel-dim">{props.looked}</span>
          </span>
        </div>
      ) : (
        <ul className="jp-ModelpackPanel-list">
          {shown.map((finding, index) => (
            <FindingLine key={index} {...props} finding={finding} />
          ))}
        </ul>
      )}
      {rest > 0 && (
        <LinkButton onClick={() => setAll(true)}>
          {trans._n('Show %1 more', 'Show %1 more', rest)}
        </LinkButton>
      )}
    </Section>
  );
}

function FindingLine(
  props: IFindingsProps & { finding: IFinding }
): JSX.Element {
  const { finding, trans } = props;
  return (
    <li className="jp-ModelpackPanel-finding">
      <Mark
        kind={severityMark(finding.severity)}
        label={severityWord(finding.severity, trans)}
      />
      <span>
        <Sentence text={finding.message} />
      </span>
      <CellLink {...props} cell={finding.cell} />
      {finding.advice && (
        <span className="jp-ModelpackPanel-advice">
          <Sentence text={finding.advice} />
        </span>
      )}
    </li>
  );
}

/** The chip of a cell, where there is one to go to. */
export function CellLink(props: {
  cell: number | null;
  trans: TranslationBundle;
  onReveal: (cell: number) => void;
}): JSX.Element | null {
  const { cell, trans } = props;
  return cell === null ? null : (
    <CellChip
      cell={cell}
      text={trans.__('cell %1', String(cell))}
      label={trans.__('Go to cell %1', String(cell))}
      onReveal={props.onReveal}
    />
  );
}

export function countBlocking(findings: IFinding[]): number {
  return findings.filter(finding => finding.severity === 'blocking').length;
}

/** What two looks at the same notebook found, each finding once, what stops it first. */
export function mergeFindings(
  first: IFinding[],
  second: IFinding[]
): IFinding[] {
  const seen = new Map<string, IFinding>();
  for (const finding of [...first, ...second]) {
    const key = [finding.code, finding.cell, finding.line, finding.message];
    seen.set(JSON.stringify(key), finding);
  }
  const order = ['blocking', 'warning', 'note'];
  return [...seen.values()].sort(
    (a, b) =>
      order.indexOf(a.severity) - order.indexOf(b.severity) ||
      (a.cell ?? 0) - (b.cell ?? 0) ||
      (a.line ?? 0) - (b.line ?? 0)
  );
}
