import { nullTranslator } from '@jupyterlab/translation';
import {
  cleanup,
  fireEvent,
  render,
  screen,
  within
} from '@testing-library/react';
import React from 'react';

import { Listing } from '../manager/listing';
import { IEnvironments, IReview } from '../releases';
import { Gates } from '../sections/gates';
import { Header } from '../sections/header';
import { Lives } from '../sections/lives';
import { Review } from '../sections/review';
import { Waiting } from '../sections/waiting';
import { run } from '../validate/work';
import { environments, history, promotions, review } from '../validate/release';
import { faults } from './axe';
import { but, golden } from './golden';
import { header } from './headerprops';

const trans = nullTranslator.load('jupyter_modelpack');
const lanes = environments(golden('environments'), '');
const full = review(golden('promotion'), '');
const nothing = (): void => undefined;

function drawLanes(asked: string[], value: IEnvironments = lanes): Element {
  const ask =
    (what: string) =>
    async (...words: string[]): Promise<boolean> => {
      asked.push([what, ...words].join(' '));
      return true;
    };
  return render(
    <Lives
      value={value}
      asking={null}
      refusal={null}
      outcome={() => null}
      rules="/pages/jurisdiction"
      elsewhere={null}
      trans={trans}
      actions={{
        promote: ask('promote'),
        rollBack: ask('rollBack'),
        withdraw: ask('withdraw'),
        review: id => asked.push(`review ${id}`),
        history: () =>
          new Listing(
            async () => history(golden('history')),
            each => each.at
          )
      }}
    />
  ).container;
}

function drawReview(decisions: string[], value: IReview): Element {
  return render(
    <Review
      review={value}
      measured={[
        { version: '1.2.0', metrics: { auc: 0.861 } },
        { version: '1.3.0', metrics: { auc: 0.8812 } },
        { version: '1.4.0', metrics: { auc: 0.1 } }
      ]}
      identity={lanes.identity}
      page={null}
      runs={[run(golden('run'), '')]}
      busy={false}
      problem={null}
      trans={trans}
      onDecide={({ decision, comment }) =>
        decisions.push(`${decision} ${comment}`)
      }
      onOpenRun={nothing}
    />
  ).container;
}

afterEach(cleanup);

describe('the first line', () => {
  it('says what production runs, with its version set off', () => {
    render(<Header {...header} badge={lanes.badge} />);
    const line = screen.getByText(/^Production runs/);
    expect(line.textContent).toBe(lanes.badge);
    expect(within(line).getByText('1.2.0').tagName).toBe('STRONG');
  });
});

describe('Lives', () => {
  /** Production free, and refused. */
  const refused = but(lanes, {
    environments: lanes.environments.map(each =>
      but(each, {
        waiting: null,
        promote: {
          allowed: false,
          version: '1.4.0',
          checks: each.waiting?.checks ?? [],
          sentence: 'not yet: Rita or Omar approve'
        }
      })
    )
  });

  it('never has a grey button without its reason', () => {
    const asked: string[] = [];
    drawLanes(asked, refused);
    const buttons = screen.getAllByRole('button', { name: /^Promote / });
    expect(buttons).toHaveLength(3);
    for (const button of buttons) {
      const reason = button.getAttribute('aria-describedby') ?? '';
      expect(document.getElementById(reason)?.textContent).toContain(
        'Rita or Omar approve'
      );
      expect(button.getAttribute('aria-disabled')).toBe('true');
      fireEvent.click(button);
    }
    expect(screen.queryByRole('form')).toBeNull();
    expect(asked).toEqual([]);
  });

  it('asks why before it rolls back', async () => {
    const asked: string[] = [];
    drawLanes(asked);
    fireEvent.click(screen.getByRole('button', { name: 'Roll back dev' }));
    const submit = screen.getByRole('button', {
      name: 'Roll dev back to 1.2.0'
    });
    fireEvent.click(submit);
    expect(screen.getByText('Say why in a few words.')).toBeTruthy();
    expect(asked).toEqual([]);
    fireEvent.change(screen.getByLabelText('Why'), {
      target: { value: ' loses rows ' }
    });
    fireEvent.click(submit);
    expect(asked).toEqual(['rollBack dev 1.2.0 loses rows']);
    await screen.findByRole('button', { name: 'Roll back dev' });
    expect(
      screen.getByText('No rollback: only Rita or Omar may roll back here')
    ).toBeTruthy();
  });

  it('shows what waits, and lets its author look and withdraw', () => {
    const asked: string[] = [];
    drawLanes(asked);
    const lane = screen.getByRole('listitem', { name: 'production' });
    expect(lane.textContent).toContain('Rita or Omar approve.');
    fireEvent.click(
      within(lane).getByRole('button', { name: 'See the difference' })
    );
    fireEvent.click(within(lane).getByRole('button', { name: 'Withdraw' }));
    expect(asked).toEqual([
      `review ${full.id}`,
      `withdraw production ${full.id}`
    ]);
  });

  it('tells the history', async () => {
    drawLanes([]);
    fireEvent.click(
      screen.getByRole('button', { name: 'History of production' })
    );
    expect(await screen.findByText('ada asked, rita approved')).toBeTruthy();
    expect(
      screen.getByText('rita rolled back, without an approval')
    ).toBeTruthy();
  });
});

describe('Gates', () => {
  it('never folds away what is not fulfilled', () => {
    const [passed] = full.checks;
    const checks = Array.from({ length: 20 }, (_, index) =>
      but(passed, {
        sentence: `Check ${index}`,
        outcome: index > 17 ? 'failed' : 'passed'
      })
    );
    render(<Gates checks={checks} label={trans.__('All')} trans={trans} />);
    expect(screen.getAllByRole('listitem')).toHaveLength(8);
    expect(screen.getByText('Check 19')).toBeTruthy();
    fireEvent.click(
      screen.getByRole('button', { name: 'Show 12 more that are fulfilled' })
    );
    expect(screen.getAllByRole('listitem')).toHaveLength(20);
  });
});

describe('Waiting', () => {
  it('is there only when something waits', () => {
    const opened: string[] = [];
    const { container, rerender } = render(
      <Waiting promotions={[]} trans={trans} onReview={nothing} />
    );
    expect(container.innerHTML).toBe('');
    rerender(
      <Waiting
        promotions={promotions(golden('promotions')).slice(0, 1)}
        trans={trans}
        onReview={id => opened.push(id)}
      />
    );
    fireEvent.click(
      screen.getByRole('button', { name: 'Review churn 1.3.0 for production' })
    );
    expect(opened).toEqual([full.id]);
  });
});

describe('Review', () => {
  const open = but(full, {
    may: {
      ...full.may,
      approve: { allowed: true, sentence: '', after_sign_in: false }
    }
  });

  it('shows the difference, then the evidence, then the button', () => {
    const { textContent } = drawReview([], open);
    const order = ['Cells 3', 'What production asks for', 'Evidence', 'Approve']
      // Each heading stands once, and in this order.
      .map(word => textContent?.lastIndexOf(word) ?? -1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
    expect(textContent).toContain('▲ 0.02');
    expect(textContent).toContain('as ada, not verified');
    const points = document.querySelector('polyline')?.getAttribute('points');
    expect(points?.split(' ')).toHaveLength(2);
  });

  it('rejects only with a comment, and approves without', () => {
    const decisions: string[] = [];
    drawReview(decisions, open);
    fireEvent.click(screen.getByRole('button', { name: 'Reject' }));
    expect(decisions).toEqual([]);
    fireEvent.click(screen.getByRole('button', { name: 'Approve' }));
    fireEvent.change(screen.getByLabelText('Comment'), {
      target: { value: 'Recall fell.' }
    });
    fireEvent.click(screen.getByRole('button', { name: 'Reject' }));
    expect(decisions).toEqual(['approve ', 'reject Recall fell.']);
  });

  it('says why you cannot decide, and who can', () => {
    drawReview([], full);
    expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull();
    expect(screen.getByText(/You cannot approve this: Ada/)).toBeTruthy();
    expect(screen.getByText(/Rita or Omar approve\./)).toBeTruthy();
  });

  it('shows hostile text as text', () => {
    const attack = '<img src=x onerror=a()><script>a()</script>';
    const container = drawReview(
      [],
      but(open, {
        name: attack,
        reason: attack,
        difference: {
          ...full.difference!,
          cells: [{ cell: 1, before: attack, after: `x\u202e${attack}` }],
          packages: [{ name: attack, before: attack, after: attack }]
        }
      })
    );
    expect(container.querySelector('img, script')).toBeNull();
    expect(container.textContent).toContain('x⟨U+202E⟩<img');
  });
});

describe('every part about releases', () => {
  it('has no fault that axe knows', async () => {
    const container = drawLanes([]);
    for (const name of ['What production asks for', 'Roll back dev']) {
      fireEvent.click(screen.getByRole('button', { name }));
    }
    fireEvent.click(
      screen.getByRole('button', { name: 'History of production' })
    );
    await screen.findByText('ada asked, rita approved');
    expect(await faults(container)).toEqual([]);
    cleanup();
    expect(await faults(drawReview([], full))).toEqual([]);
  });
});
