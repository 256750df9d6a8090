import { diffLines, plainly } from '../components/diff';
import { EnvironmentsWatch } from '../manager/environments';
import { ReviewWatch } from '../manager/review';
import { IPromotion, isOpen, waitsForYou } from '../releases';
import { Problem } from '../tokens';
import {
  environments,
  history,
  promotion,
  promotions,
  review
} from '../validate/release';
import { ShapeError } from '../validate/shape';
import { FakeAPI, settle, until } from './fakeapi';
import { but, golden } from './golden';

const lanes = environments(golden('environments'), '');
const full = review(golden('promotion'), '');
const mine: IPromotion = {
  ...full,
  may: {
    ...full.may,
    approve: { allowed: true, sentence: '', after_sign_in: false }
  }
};

describe('the contract about releases', () => {
  it('reads the golden answers', () => {
    expect(lanes.environments.map(each => each.name)).toEqual([
      'dev',
      'staging',
      'production'
    ]);
    expect(lanes.badge).toContain('Production runs 1.2.0.');
    expect(lanes.environments[2].waiting?.may.withdraw.allowed).toBe(true);
    expect(full.difference?.from).toBe('1.2.0');
    expect(full.difference?.cells[2].after).toBeNull();
    expect(promotions(golden('promotions')).map(isOpen)).toEqual([true, false]);
    expect(history(golden('history')).items[0].approved_by).toEqual(['rita']);
  });

  it('lets nobody decide when the server does not say who may', () => {
    const silent = { ...(golden('promotion') as object), may: undefined };
    expect(waitsForYou(promotion(silent, ''))).toBe(false);
    expect(waitsForYou(mine)).toBe(true);
  });

  it('names what differs from it', () => {
    const wrong = { ...(golden('promotion') as object), phase: 'Perhaps' };
    expect(() => promotion(wrong, '')).toThrow(ShapeError);
    expect(() => promotion(wrong, '')).toThrow('phase');
  });
});

describe('EnvironmentsWatch', () => {
  const request = {
    version: '1.3.0',
    environment: 'production',
    reason: 'Because'
  };

  it('asks for nothing before there is a package', async () => {
    const api = new FakeAPI();
    const watch = new EnvironmentsWatch(api, 'churn.ipynb', 1);
    await watch.about(null);
    expect(api.asked).toEqual([]);
    await watch.about('churn');
    expect(api.asked).toEqual(['environments churn churn.ipynb']);
    watch.dispose();
  });

  it.each(['SERVER_MISSING', 'RELEASE_UNKNOWN'])(
    'is absent where the server says %s',
    async code => {
      const api = new FakeAPI();
      api.refusal = new Problem(code, 'No.');
      const watch = new EnvironmentsWatch(api, 'churn.ipynb', 1);
      await watch.about('churn');
      expect(watch.value).toBeNull();
      expect(watch.problem).toBeNull();
      watch.dispose();
    }
  );

  it('polls while something waits and someone looks, and not otherwise', async () => {
    const api = new FakeAPI();
    const watch = new EnvironmentsWatch(api, 'churn.ipynb', 1);
    await watch.about('churn');
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(api.count('environments')).toBe(1);
    watch.look(true);
    await until(() => api.count('environments') > 3);
    api.theEnvironments = but(lanes, {
      environments: lanes.environments.slice(0, 2)
    });
    await until(() => watch.value?.environments.length === 2);
    const asked = api.count('environments');
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(api.count('environments')).toBeLessThanOrEqual(asked + 1);
    watch.dispose();
  });

  it('keeps a refusal with its environment, and asks once at a time', async () => {
    const api = new FakeAPI();
    const watch = new EnvironmentsWatch(api, 'churn.ipynb');
    await watch.about('churn');
    const both = [watch.promote(request), watch.promote(request)];
    expect(watch.asking).toBe('production');
    expect(await Promise.all(both)).toEqual([true, false]);
    expect(api.asked).toContain(
      `promote ${JSON.stringify({ name: 'churn', ...request, generation: 4 })}`
    );
    api.refusal = new Problem('GATE_NOT_SATISFIED', 'Not yet.');
    expect(await watch.rollBack(request)).toBe(false);
    expect(watch.refusal?.environment).toBe('production');
    expect(watch.refusal?.problem.message).toBe('Not yet.');
    expect(watch.value?.environments).toHaveLength(3);
    watch.dispose();
  });

  it('tells how a request ended that did not get there', async () => {
    const api = new FakeAPI();
    const watch = new EnvironmentsWatch(api, 'churn.ipynb');
    await watch.about('churn');
    api.theReview = but(full, { phase: 'Rejected' });
    api.theEnvironments = but(lanes, {
      environments: lanes.environments.map(each => but(each, { waiting: null }))
    });
    await watch.refresh();
    await until(() => watch.outcome('production')?.phase === 'Rejected');
    expect(watch.outcome('staging')).toBeNull();
    watch.dispose();
  });
});

describe('ReviewWatch', () => {
  it('reads what the page needs, and decides once', async () => {
    const api = new FakeAPI();
    const watch = new ReviewWatch(api, full.id, 60_000);
    await watch.open();
    expect(watch.service).toBeNull();
    expect(watch.identity?.username).toBe('ada');
    expect(watch.measured.map(each => each.version)).toEqual([
      '1.2.0',
      '1.3.0'
    ]);
    const decision = { decision: 'approve', comment: 'Fine.' } as const;
    await Promise.all([watch.decide(decision), watch.decide(decision)]);
    expect(api.count('decide')).toBe(1);
    const { digest, generation, policy } = full;
    const bound = { ...decision, digest, policy, generation };
    expect(api.asked).toContain(`decide ${full.id} ${JSON.stringify(bound)}`);
    expect(api.count('promotion ')).toBe(2);
    watch.hint('another');
    watch.hint(full.id);
    await settle();
    expect(api.count('promotion ')).toBe(3);
    watch.dispose();
  });

  it('says why a decision was not taken', async () => {
    const api = new FakeAPI();
    const watch = new ReviewWatch(api, full.id, 60_000);
    await watch.open();
    api.refusal = new Problem('NOT_PERMITTED', 'You made it.');
    await watch.decide({ decision: 'approve', comment: '' });
    expect(watch.refusal?.message).toBe('You made it.');
    expect(watch.value?.id).toBe(full.id);
    watch.dispose();
  });
});

describe('the lines that differ', () => {
  const shown = (before: string | null, after: string | null): string[] =>
    diffLines(before, after).map(
      ({ count, kind, text }) => `${kind} ${kind === 'gap' ? count : text}`
    );

  it('are found between those that are the same', () => {
    expect(shown('a\nb\nc\nd', 'a\nx\nc\nd')).toEqual([
      'same a',
      'removed b',
      'added x',
      'same c',
      'same d'
    ]);
    expect(shown(null, 'a\nb')).toEqual(['added a', 'added b']);
    expect(shown('a', null)).toEqual(['removed a']);
  });

  it('fold what is far from them', () => {
    const lines = Array.from({ length: 9 }, (_, index) => String(index));
    const before = [...lines, 'old', ...lines].join('\n');
    const after = [...lines, 'new', ...lines].join('\n');
    expect(shown(before, after)).toEqual([
      'gap 7',
      'same 7',
      'same 8',
      'removed old',
      'added new',
      'same 0',
      'same 1',
      'gap 7'
    ]);
  });

  it('give back both texts, whatever they are', () => {
    let seed = 7;
    const next = (): number =>
      (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31);
    const some = (): string[] =>
      Array.from({ length: next() % 9 }, () => 'abc'[next() % 3]);
    for (let round = 0; round < 300; round += 1) {
      const [before, after] = [some().join('\n'), some().join('\n')];
      const lines = diffLines(before, after);
      if (lines.some(each => each.kind === 'gap')) {
        continue;
      }
      const side = (other: string): string =>
        lines
          .filter(each => each.kind !== other)
          .map(each => each.text)
          .join('\n');
      expect([side('added'), side('removed')]).toEqual([before, after]);
    }
  });

  it('are quick for very long cells', () => {
    const long = (word: string): string =>
      Array.from({ length: 20_000 }, (_, index) => `${word}${index}`).join(
        '\n'
      );
    const began = Date.now();
    expect(diffLines(long('a'), long('b'))).toHaveLength(40_000);
    expect(Date.now() - began).toBeLessThan(2000);
  });

  it('hide nothing', () => {
    expect(plainly('a\u202eb\u200bc\td')).toBe('a⟨U+202E⟩b⟨U+200B⟩c\td');
    expect(plainly('naïve 数 🙂')).toBe('naïve 数 🙂');
  });
});
