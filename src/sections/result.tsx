/** The result: a package, why it has its version, its evidence, its size, and what can be done with it. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useRef, useState } from 'react';

import { IPart, SizeBar } from '../components/bars';
import { CopyButton, QuietButton } from '../components/buttons';
import {
  formatNumber,
  formatSeconds,
  formatSize,
  formatValue,
  shortDigest
} from '../components/format';
import { Mark } from '../components/mark';
import { Disclosure, Section } from '../components/section';
import { MiddleCut, Sentence } from '../components/words';
import { ILayer, IPackage } from '../tokens';
import { CellLink } from './findings';
import { Inside } from './inside';
import { TeamParts } from './team';
import { phaseMark } from './phases';

export interface IResultProps {
  detail: IPackage;
  trans: TranslationBundle;
  onReveal: (cell: number) => void;
  /** What opens below the buttons. */
  run: JSX.Element;
  /** Null where nothing can be scheduled. */
  schedule: ((close: () => void) => JSX.Element) | null;
  export: JSX.Element;
  /** What runs again and again, and what has been run so far. */
  runs: JSX.Element;
}

type Form = 'run' | 'schedule' | 'export';

export function Result(props: IResultProps): JSX.Element {
  const { detail, trans } = props;
  const [opened, setOpened] = useState<Form | null>(null);
  const actions = useRef<HTMLDivElement>(null);
  const parts = partsOf(detail.layers, trans);
  const toggle = (form: Form): void => setOpened(opened === form ? null : form);
  // What had the focus is gone with the form, so that the button that opened it takes it.
  const close = (): void => {
    actions.current
      ?.querySelector<HTMLElement>('[aria-expanded="true"]')
      ?.focus();
    setOpened(null);
  };
  return (
    <Section
      plain
      title={<MiddleCut text={`${detail.name} ${detail.version}`} />}
      aside={
        detail.seconds.total !== undefined && (
          <span className="jp-ModelpackPanel-time">
            {formatSeconds(detail.seconds.total, trans)}
          </span>
        )
      }
    >
      {detail.why && <Why text={detail.why} />}
      <Evidence {...props} />
      <TeamParts {...props} parts={detail.parts} owner={detail.owner} />
      <SizeBar
        label={trans.__(
          'Size by layer: %1',
          parts.map(part => `${part.label} ${part.text}`).join(', ')
        )}
        parts={parts}
      />
      <div className="jp-ModelpackPanel-small jp-ModelpackPanel-dim">
        {trans._n(
          '%2 in %1 layer,',
          '%2 in %1 layers,',
          detail.layers.length,
          formatSize(detail.size)
        )}{' '}
        <strong>{trans.__('yours: %1', formatSize(detail.own_size))}</strong>
      </div>
      <Disclosure label={trans.__('What is inside')}>
        <Inside detail={detail} parts={parts} trans={trans} />
      </Disclosure>
      <div className="jp-ModelpackPanel-row jp-ModelpackPanel-digest">
        <code className="jp-ModelpackPanel-grow" title={detail.digest}>
          {shortDigest(detail.digest)}
        </code>
        <CopyButton
          text={detail.digest}
          label={trans.__('Copy the digest')}
          copy={trans.__('Copy')}
          copied={trans.__('Copied')}
        />
      </div>
      <div ref={actions} className="jp-ModelpackPanel-actions">
        <QuietButton pressed={opened === 'run'} onClick={() => toggle('run')}>
          {trans.__('Run…')}
        </QuietButton>
        {props.schedule && (
          <QuietButton
            pressed={opened === 'schedule'}
            onClick={() => toggle('schedule')}
          >
            {trans.__('Schedule…')}
          </QuietButton>
        )}
        <QuietButton
          pressed={opened === 'export'}
          onClick={() => toggle('export')}
        >
          {trans.__('Export…')}
        </QuietButton>
      </div>
      {opened === 'run' && props.run}
      {opened === 'schedule' && props.schedule?.(close)}
      {opened === 'export' && props.export}
      {props.runs}
    </Section>
  );
}

/** "Minor: 3 cells changed." with its first word set off. */
function Why({ text }: { text: string }): JSX.Element {
  const [, word, rest] = /^(\w+)(:.*)$/s.exec(text) ?? ['', '', text];
  return (
    <p className="jp-ModelpackPanel-why">
      {word && <strong>{word}</strong>}
      {rest}
    </p>
  );
}

/** How it was run, which checks passed, and what was measured. */
function Evidence(props: IResultProps): JSX.Element {
  const { detail, trans, onReveal } = props;
  const { verified, checks } = detail;
  const passed = checks.filter(check => check.passed);
  const metrics = Object.entries(detail.metrics);
  return (
    <ul className="jp-ModelpackPanel-list">
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
          {detail.isolation?.sentence &&
            !verified.text.includes(detail.isolation.sentence) && (
              <span className="jp-ModelpackPanel-advice">
                <Sentence text={detail.isolation.sentence} />
              </span>
            )}
        </span>
      </li>
      {passed.length > 0 && (
        <li className="jp-ModelpackPanel-line">
          <Mark kind="ok" />
          <span className="jp-ModelpackPanel-grow">
            {trans._n(
              '%1 of your checks passed.',
              '%1 of your checks passed.',
              passed.length
            )}
          </span>
          <CellLink cell={passed[0].cell} trans={trans} onReveal={onReveal} />
        </li>
      )}
      {checks
        .filter(check => !check.passed)
        .map((check, index) => (
          <li key={index} className="jp-ModelpackPanel-line">
            <Mark kind="bad" label={trans.__('Check failed:')} />
            <span className="jp-ModelpackPanel-grow">
              <Sentence text={check.message || trans.__('A check failed.')} />
            </span>
            <CellLink cell={check.cell} trans={trans} onReveal={onReveal} />
          </li>
        ))}
      {metrics.length > 0 && (
        <li className="jp-ModelpackPanel-line jp-mod-unmarked">
          <Metrics values={detail.metrics} />
        </li>
      )}
    </ul>
  );
}

/** Metrics as names and numbers. */
export function Metrics(props: {
  values: Record<string, number | string | boolean>;
}): JSX.Element {
  return (
    <span className="jp-ModelpackPanel-metrics">
      {Object.entries(props.values).map(([name, value]) => (
        <span key={name} title={`${name} ${String(value)}`}>
          <span className="jp-ModelpackPanel-dim">{name}</span>{' '}
          <strong>
            {typeof value === 'number'
              ? formatNumber(value)
              : formatValue(value)}
          </strong>
        </span>
      ))}
    </span>
  );
}

/** Layers as the parts of the size bar. */
function partsOf(layers: ILayer[], trans: TranslationBundle): IPart[] {
  return layers.map(layer => ({
    label: layer.what || layerWord(layer.kind, trans),
    size: layer.size,
    text: formatSize(layer.size),
    own: layer.kind === 'code' || layer.kind === 'data'
  }));
}

function layerWord(kind: string, trans: TranslationBundle): string {
  switch (kind) {
    case 'interpreter':
      return trans.__('Python');
    case 'distribution':
      return trans.__('Package');
    case 'distributions':
      return trans.__('Other packages');
    case 'data':
      return trans.__('Data');
    case 'code':
      return trans.__('Your notebook and code');
    default:
      return kind;
  }
}
