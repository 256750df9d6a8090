/** The pipeline that a notebook's tags describe, drawn before anything is sent and while it runs. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Graph, IGraphNode } from '../components/graph';
import { Section } from '../components/section';
import { IPipelineStep } from '../tokens';
import { phaseMark, phaseWord } from './phases';

export interface IPipelineProps {
  steps: IPipelineStep[];
  trans: TranslationBundle;
  onReveal: (cell: number) => void;
}

/** The graph as a part of the panel; absent where the notebook is one step. */
export function Pipeline(props: IPipelineProps): JSX.Element | null {
  const { steps, trans } = props;
  return steps.length < 2 ? null : (
    <Section title={trans.__('Pipeline')}>
      <p className="jp-ModelpackPanel-advice">
        {trans._n(
          'Its tags make %1 step. Looking at it sends nothing.',
          'Its tags make %1 steps. Looking at them sends nothing.',
          steps.length
        )}
      </p>
      <PipelineGraph {...props} />
    </Section>
  );
}

export function PipelineGraph(props: IPipelineProps): JSX.Element {
  const { steps, trans } = props;
  return (
    <Graph
      label={trans._n(
        'Pipeline of %1 step',
        'Pipeline of %1 steps',
        steps.length
      )}
      nodes={steps.map(step => nodeOf(step, props))}
    />
  );
}

function nodeOf(step: IPipelineStep, props: IPipelineProps): IGraphNode {
  const { trans, onReveal } = props;
  const [first] = step.cells;
  // the cells of another notebook have no place in the one that is open
  const cells = step.notebook || cellsWord(step.cells, trans);
  const after = step.after.length
    ? trans.__('after %1', step.after.join(', '))
    : '';
  const phase = step.phase ? phaseWord(step.phase, trans) : '';
  return {
    name: step.name,
    after: step.after,
    note: cells,
    label: `${step.name}: ${[phase, cells, after].filter(Boolean).join(', ')}`,
    mark: step.phase ? phaseMark(step.phase) : null,
    onOpen:
      first === undefined || step.notebook ? undefined : () => onReveal(first)
  };
}

/** "cells 2–4, 7": neighbours as one range. */
export function cellsWord(cells: number[], trans: TranslationBundle): string {
  const ranges: [number, number][] = [];
  for (const cell of [...cells].sort((a, b) => a - b)) {
    const last = ranges[ranges.length - 1];
    if (last && cell === last[1] + 1) {
      last[1] = cell;
    } else {
      ranges.push([cell, cell]);
    }
  }
  const words = ranges.map(([from, to]) =>
    from === to ? String(from) : `${from}–${to}`
  );
  return cells.length === 0
    ? ''
    : trans._n('cell %2', 'cells %2', cells.length, words.join(', '));
}
