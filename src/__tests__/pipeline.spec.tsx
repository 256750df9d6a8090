/** The pipeline as a picture: layers, boxes and what they say. */

import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import { layersOf } from '../components/layers';
import { cellsWord, Pipeline } from '../sections/pipeline';
import { IPipelineStep } from '../tokens';
import { pipelineStep } from '../validate/notebook';
import { list, record } from '../validate/shape';
import { faults } from './axe';
import { golden } from './golden';

const trans = nullTranslator.load('jupyter_modelpack');
const nothing = (): void => undefined;
const graph = record({ steps: list(pipelineStep) })(
  golden('pipeline_graph'),
  ''
).steps;

afterEach(cleanup);

describe('the layers of a graph', () => {
  it('put each step below all that it waits for', () => {
    expect(layersOf(graph)).toEqual([
      ['prepare'],
      ['features', 'split'],
      ['train'],
      ['report']
    ]);
  });

  it('hold for any pipeline, and end for a circle', () => {
    let seed = 11;
    const next = (): number =>
      (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31);
    for (let round = 0; round < 200; round += 1) {
      const count = 1 + (next() % 12);
      const nodes = Array.from({ length: count }, (_, index) => ({
        name: `s${index}`,
        after: Array.from(
          { length: next() % 3 },
          () => `s${next() % Math.max(1, index)}`
        ).filter(name => name !== `s${index}`)
      }));
      const layers = layersOf(nodes);
      const rowOf = new Map(
        layers.flatMap((layer, row) => layer.map(name => [name, row] as const))
      );
      expect(rowOf.size).toBe(count);
      for (const { after, name } of nodes) {
        after.forEach(before =>
          expect(rowOf.get(before)).toBeLessThan(rowOf.get(name) ?? -1)
        );
      }
    }
    const circle = [
      { name: 'a', after: ['b'] },
      { name: 'b', after: ['a', 'gone'] }
    ];
    expect(layersOf(circle).flat().sort()).toEqual(['a', 'b']);
  });

  it('are quick for a long pipeline', () => {
    const nodes = Array.from({ length: 400 }, (_, index) => ({
      name: `s${index}`,
      after: Array.from({ length: index }, (__, before) => `s${before}`)
    }));
    const began = Date.now();
    expect(layersOf(nodes)).toHaveLength(400);
    expect(Date.now() - began).toBeLessThan(2000);
  });
});

describe('Pipeline', () => {
  it('is absent where all of the notebook is one step', () => {
    const { container } = render(
      <Pipeline steps={graph.slice(0, 1)} trans={trans} onReveal={nothing} />
    );
    expect(container.innerHTML).toBe('');
  });

  it('draws steps with their cells, and goes to them', async () => {
    const cells: number[] = [];
    const { container } = render(
      <Pipeline
        steps={graph}
        trans={trans}
        onReveal={cell => cells.push(cell)}
      />
    );
    screen.getByText('Its tags make 5 steps. Looking at them sends nothing.');
    const train = screen.getByRole('button', {
      name: 'train: cells 7–9, after features, split'
    });
    fireEvent.click(train);
    fireEvent.keyDown(train, { key: 'Enter' });
    fireEvent.keyDown(train, { key: 'x' });
    expect(cells).toEqual([7, 7]);
    expect(container.querySelectorAll('.jp-ModelpackPanel-edge')).toHaveLength(
      5
    );
    expect(await faults(container)).toEqual([]);
  });

  it('shortens numbers of cells that follow each other', () => {
    expect(cellsWord([9, 2, 3, 4, 7], trans)).toBe('cells 2–4, 7, 9');
    expect(cellsWord([6], trans)).toBe('cell 6');
    expect(cellsWord([], trans)).toBe('');
  });

  it('names the notebook that a step comes from, and goes nowhere for it', () => {
    const steps: IPipelineStep[] = [
      { name: 'load', cells: [1], after: [], phase: null },
      {
        name: 'train_fit',
        notebook: 'train.ipynb',
        cells: [9],
        after: ['load'],
        phase: null
      }
    ];
    render(<Pipeline steps={steps} trans={trans} onReveal={nothing} />);
    screen.getByRole('button', { name: 'load: cell 1' });
    expect(screen.queryByRole('button', { name: /train_fit/ })).toBeNull();
    screen.getByText('train.ipynb');
  });

  it('shows hostile names as text', () => {
    const attack = '<img src=x onerror=a()>';
    const steps: IPipelineStep[] = [
      { name: attack, cells: [1], after: [], phase: null },
      { name: 'b', cells: [2], after: [attack], phase: 'Failed' }
    ];
    const { container } = render(
      <Pipeline steps={steps} trans={trans} onReveal={nothing} />
    );
    expect(container.querySelector('img:not([role])')).toBeNull();
  });
});
