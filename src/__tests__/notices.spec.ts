import { Inbox } from '../manager/inbox';
import { Notices, Storage } from '../manager/notices';
import { IPromotion } from '../releases';
import { review } from '../validate/release';
import { FakeAPI, settle } from './fakeapi';
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

describe('Notices', () => {
  it('says nothing twice, and after a reload what was decided meanwhile', async () => {
    const storage = new Kept();
    const told: string[] = [];
    const load = async (open: IPromotion[]): Promise<void> => {
      const api = new FakeAPI();
      api.thePromotions = open;
      api.theReview = but(full, { phase: 'Rejected' });
      const inbox = new Inbox(api, new Notices(storage, 'notices'));
      inbox.arrived.connect((_, each) => told.push(`arrived ${each.id}`));
      inbox.decided.connect((_, each) => told.push(`${each.phase} ${each.id}`));
      await inbox.refresh();
      await settle();
      inbox.dispose();
    };
    const other = { ...mine, id: 'other' };
    await load([full, other]);
    await load([full, other]);
    expect(told).toEqual(['arrived other']);
    await load([other]);
    await load([other]);
    expect(told).toEqual(['arrived other', `Rejected ${full.id}`]);
  });

  it.each(['nonsense', '{"told": 3, "open": [4]}', 'null'])(
    'takes %s in the storage for nothing',
    kept => {
      const storage = new Kept();
      storage.setItem('notices', kept);
      const notices = new Notices(storage, 'notices');
      expect([notices.once('a'), notices.once('a')]).toEqual([true, false]);
    }
  );

  it('holds in this window where the storage is full', () => {
    const full: Storage = {
      getItem: () => null,
      setItem: () => {
        throw new Error('QuotaExceededError');
      }
    };
    const notices = new Notices(full, 'notices');
    expect([notices.once('a'), notices.once('a')]).toEqual([true, false]);
  });
});
