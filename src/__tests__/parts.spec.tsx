/** What the team adds to a release: who brought it, and who answers for it. */

import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import { TeamParts } from '../sections/team';
import { packageDetail } from '../validate/package';
import { golden } from './golden';

const trans = nullTranslator.load('jupyter_modelpack');

afterEach(cleanup);

describe('the team’s own part', () => {
  it('names who added what, and who answers for it', () => {
    const cells: number[] = [];
    const { owner } = packageDetail(golden('package'), '');
    render(
      <TeamParts
        parts={[
          { kind: 'check', cell: 9, by: 'ben', since: '1.1.0' },
          { kind: 'check', cell: 11, by: 'ada', since: '1.3.0' },
          { kind: 'model-card', cell: 1, by: 'ada', since: '1.0.0' }
        ]}
        owner={owner}
        trans={trans}
        onReveal={cell => cells.push(cell)}
      />
    );
    fireEvent.click(
      screen.getByRole('button', {
        name: 'Checks: 1 by ben, 1 by ada; Model card'
      })
    );
    fireEvent.click(screen.getByRole('button', { name: 'Go to cell 9' }));
    expect(cells).toEqual([9]);
    screen.getByText(/Churn team answers for it/);
    screen.getByText(/Roll back, then call Ada/);
  });

  it('is absent where there is none', () => {
    const { container } = render(
      <TeamParts parts={[]} owner={null} trans={trans} />
    );
    expect(container.innerHTML).toBe('');
  });

  it('tells nobody the number of one who has no name', () => {
    const by = '561fe5524dde4f6db49d9b85dbe3759e';
    const parts = [9, 11].map(cell => ({
      kind: 'check',
      cell,
      by,
      since: '1.0.0'
    }));
    const { container } = render(
      <TeamParts parts={parts} owner={null} trans={trans} />
    );
    fireEvent.click(screen.getByRole('button', { name: 'Checks: 2' }));
    expect(container.textContent).not.toContain(by);
    expect(screen.getAllByTitle(by)).toHaveLength(2);
  });
});
