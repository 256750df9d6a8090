/** What waits for somebody, and what happened meanwhile. */

import { Inbox } from '../manager/inbox';
import { Notices } from '../manager/notices';
import { IPromotion, waitsForYou } from '../releases';
import { Problem } from '../tokens';
import { review } from '../validate/release';
import { FakeAPI, settle, until } from './fakeapi';
import { but, golden } from './golden';
import { Kept } from './kept';

const full = review(golden('promotion'), '');
const mine: IPromotion = {
  ...full,
  may: {
    ...full.may,
    approve: { allowed: true, sentence: '', after_sign_in: false }
  }
};

describe('Inbox', () => {
  it('tells of what begins to wait for you, and of what was decided', async () => {
    const api = new FakeAPI();
    const inbox = new Inbox(api, new Notices(new Kept(), 'notices'));
    const told: string[] = [];
    inbox.arrived.connect((_, each) => told.push(`arrived ${each.id}`));
    inbox.decided.connect((_, each) => told.push(`${each.phase} ${each.id}`));
    api.thePromotions = [full];
    await inbox.refresh();
    expect(inbox.waiting).toEqual([]);
    api.thePromotions = [full, { ...mine, id: 'new' }];
    await inbox.refresh();
    await inbox.refresh();
    expect(inbox.waiting.map(each => each.id)).toEqual(['new']);
    api.thePromotions = [{ ...mine, id: 'new' }];
    api.theReview = but(full, { phase: 'Active' });
    await inbox.refresh();
    await settle();
    expect(told).toEqual(['arrived new', `Active ${full.id}`]);
    inbox.dispose();
  });

  it('does not ask a server without promotions again and again', async () => {
    const api = new FakeAPI();
    api.refusal = new Problem('SERVER_MISSING', 'No.');
    const inbox = new Inbox(api, new Notices(new Kept(), 'notices'), {
      looking: 1
    });
    inbox.look(true);
    await inbox.refresh();
    const asked = api.count('promotions');
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(api.count('promotions')).toBeLessThanOrEqual(asked + 1);
    inbox.dispose();
  });
});

describe('Inbox in a team', () => {
  it('reads the list when something happened, and says so', async () => {
    const api = new FakeAPI();
    const inbox = new Inbox(api, new Notices(new Kept(), 'notices'), {
      looking: 1,
      away: 1
    });
    let moved = 0;
    inbox.moved.connect(() => (moved += 1));
    await until(() => api.count('state') > 4);
    expect(api.count('promotions')).toBe(1);
    expect(moved).toBe(0);
    inbox.look(true);
    api.theState = '8';
    await until(() => moved === 1);
    expect(api.count('promotions')).toBe(2);
    inbox.dispose();
    const asked = api.count('state');
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(api.count('state')).toBeLessThanOrEqual(asked + 1);
  });

  it('tells of what one may approve only after another login', () => {
    const approve = { allowed: false, sentence: '', after_sign_in: true };
    expect(waitsForYou({ ...mine, may: { ...mine.may, approve } })).toBe(true);
    const no = { ...approve, after_sign_in: false };
    expect(waitsForYou({ ...mine, may: { ...mine.may, approve: no } })).toBe(
      false
    );
  });
});
