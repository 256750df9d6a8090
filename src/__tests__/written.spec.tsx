import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import React from 'react';

import { Written } from '../sections/written';
import { run } from '../validate/work';
import { golden } from './golden';

const trans = nullTranslator.load('jupyter-modelpack');

function draw(other: object): void {
  const shown = run({ ...(golden('run_kubernetes') as object), ...other }, '');
  render(
    <Written run={shown} trans={trans} hrefOf={(_, path) => `#${path}`} />
  );
}

describe('Files that a run wrote', () => {
  const outputs = [
    { path: 'out/scores.csv', size: 91 },
    { path: 'model.bin', size: 5e8, left_behind: true }
  ];

  it('are saved, those that are here', () => {
    draw({ outputs });
    const links = screen.getAllByRole('link');
    expect(links.map(link => link.getAttribute('href'))).toEqual([
      '#out/scores.csv'
    ]);
    expect(links[0].getAttribute('title')).toBe('Save out/scores.csv');
    screen.getByText(/^500 MB, not here$/);
    screen.getByText(/too large for the pod’s log/);
  });

  it('are also in a registry, or it says why they are not', () => {
    const artifact = `registry.example.org/runs/churn@sha256:${'ab'.repeat(32)}`;
    const problem = 'The registry refused it.';
    draw({ outputs, left_at: { artifact, problem } });
    screen.getByText(/^Also in registry.example.org\/runs\/churn$/);
    expect(screen.getByTitle(artifact).textContent).toBe('sha256:ababab…abab');
    screen.getByText(problem);
  });

  it('are not spoken of where there are none', () => {
    draw({ outputs: [] });
    expect(screen.queryByRole('list')).toBeNull();
  });
});
