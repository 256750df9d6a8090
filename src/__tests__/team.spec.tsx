/** Where there is a release service: its pages are where things are decided. */

import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, render, screen } from '@testing-library/react';
import React from 'react';

import { Listing } from '../manager/listing';
import { IHistoryEntry } from '../releases';
import { Decision } from '../sections/decision';
import { IElsewhere, Lives } from '../sections/lives';
import { environments, review } from '../validate/release';
import { but, golden } from './golden';

const trans = nullTranslator.load('jupyter_modelpack');
const lanes = environments(golden('environments'), '');
const full = review(golden('promotion'), '');
const no = async (): Promise<boolean> => false;
const nothing = (): void => undefined;

function drawLanes(value = lanes, elsewhere: IElsewhere | null = null): void {
  render(
    <Lives
      value={value}
      asking={null}
      refusal={null}
      outcome={() => null}
      rules="/pages/jurisdiction"
      elsewhere={elsewhere}
      trans={trans}
      actions={{
        promote: no,
        rollBack: no,
        withdraw: no,
        review: nothing,
        history: () =>
          new Listing<IHistoryEntry>(
            async () => ({ items: [], next: null }),
            each => each.at
          )
      }}
    />
  );
}

const THERE: IElsewhere = {
  package: 'https://releases.example.org/pages/packages/churn',
  promotion: id => `https://releases.example.org/pages/promotions/${id}`
};

afterEach(cleanup);

describe('lanes in a team', () => {
  it('open the page of the service to roll back', () => {
    drawLanes(lanes, THERE);
    const link = screen.getByRole('link', { name: 'Roll back…' });
    expect(link.getAttribute('href')).toContain('/pages/packages/churn');
    const page = screen.getByRole('link', { name: 'Page to decide' });
    expect(page.getAttribute('href')).toContain('/pages/promotions/7c1f');
    expect(screen.queryByRole('button', { name: 'Roll back dev' })).toBeNull();
    const rules = screen.getByRole('link', { name: 'Who may do what' });
    expect(rules.getAttribute('href')).toBe('/pages/jurisdiction');
  });

  it('say that something else runs than was put there', () => {
    const [dev, ...others] = lanes.environments.map(lane => ({
      ...lane,
      drift: null
    }));
    const drift = { sentence: 'The cluster runs `1.2.9`.', since: null };
    drawLanes({ ...lanes, environments: [{ ...dev, drift }, ...others] });
    screen.getByText('Drift:');
    expect(screen.getByText('1.2.9').tagName).toBe('CODE');
  });
});

describe('the decision in a team', () => {
  it('leaves the decision to the page of the service, and says why', () => {
    // What the service says to a token: this login is not enough, another one would be.
    const approve = { allowed: false, sentence: '', after_sign_in: true };
    render(
      <Decision
        review={but(full, { may: { ...full.may, approve } })}
        identity={lanes.identity}
        busy={false}
        problem={null}
        page="https://releases.example.org/pages/promotions/1"
        trans={trans}
        onDecide={nothing}
      />
    );
    expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull();
    expect(screen.queryByLabelText('Comment')).toBeNull();
    const link = screen.getByRole('link', { name: 'Approve or reject…' });
    expect(link.getAttribute('href')).toContain('/pages/promotions/1');
    screen.getByText(/Code in a notebook could use the login/);
  });
});
