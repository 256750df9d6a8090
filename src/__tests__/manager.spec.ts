import { Signal } from '@lumino/signaling';

import { BuildWatch } from '../manager/builds';
import { LogTail } from '../manager/log';
import { RunsWatch } from '../manager/runs';
import { NotebookSession } from '../manager/session';
import { IBuild, Problem } from '../tokens';
import { build, run } from '../validate/work';
import { FakeAPI, settle, until } from './fakeapi';
import { but, golden } from './golden';

const PATH = 'models/churn.ipynb';
const running = build(golden('build_running'), '');
const done = build(golden('build_done'), '');
const request = {
  path: PATH,
  verify: true,
  network: false,
  compression: 'none'
};

describe('BuildWatch', () => {
  it('follows a build until it is over, and tells of it once', async () => {
    const api = new FakeAPI();
    api.nextBuilds = [running, running, done];
    const watch = new BuildWatch(api, PATH, 1);
    const ended: IBuild[] = [];
    watch.finished.connect((_, each) => ended.push(each));
    await watch.start(request);
    expect(watch.running).toBe(true);
    await until(() => !watch.running);
    expect(ended.map(each => each.phase)).toEqual(['Succeeded']);
    const asked = api.count('build ');
    await new Promise(resolve => setTimeout(resolve, 30));
    expect(api.count('build ')).toBe(asked);
    watch.dispose();
  });

  it('asks once, however often it is clicked', async () => {
    const api = new FakeAPI();
    api.nextBuilds = [running];
    const watch = new BuildWatch(api, PATH, 1000);
    await Promise.all([
      watch.start(request),
      watch.start(request),
      watch.start(request)
    ]);
    await watch.start(request);
    expect(api.count('startBuild')).toBe(1);
    watch.dispose();
  });

  it('does not tell of a build that was over before', async () => {
    const api = new FakeAPI();
    api.theBuilds = [done];
    const watch = new BuildWatch(api, PATH, 1);
    let told = 0;
    watch.finished.connect(() => (told += 1));
    await watch.find();
    expect(watch.build?.id).toBe(done.id);
    expect(told).toBe(0);
    watch.dispose();
  });

  it('tells of a build that was done at once', async () => {
    const api = new FakeAPI();
    api.startBuild = async () => done;
    const watch = new BuildWatch(api, PATH, 1);
    let told = 0;
    watch.finished.connect(() => (told += 1));
    await watch.start(request);
    expect(told).toBe(1);
    watch.dispose();
  });

  it('stops, and says when it cannot start', async () => {
    const api = new FakeAPI();
    api.theBuilds = [running];
    api.nextBuilds = [but(running, { phase: 'Aborted' })];
    const watch = new BuildWatch(api, PATH, 1000);
    await watch.find();
    await watch.stop();
    expect(api.count(`stopBuild ${running.id}`)).toBe(1);
    expect(watch.build?.phase).toBe('Aborted');
    api.refusal = new Problem('STORE_ERROR', 'The disk is full.');
    await watch.start(request);
    expect(watch.problem?.message).toBe('The disk is full.');
    expect(watch.starting).toBe(false);
    watch.dispose();
  });

  it('takes a hint about its own build only', async () => {
    const api = new FakeAPI();
    api.theBuilds = [running];
    api.nextBuilds = [running];
    const watch = new BuildWatch(api, PATH, 60_000);
    await watch.find();
    await settle();
    const asked = api.count('build ');
    watch.hint('another');
    watch.hint(running.id);
    await settle();
    expect(api.count('build ')).toBe(asked + 1);
    watch.dispose();
  });
});

describe('LogTail', () => {
  it('reads on from where it was, also after a failure', async () => {
    const pieces = ['one\n', 'two\n', ''];
    const asked: number[] = [];
    let fail = true;
    const log = new LogTail(async offset => {
      asked.push(offset);
      if (offset === 4 && fail) {
        fail = false;
        throw new Problem('UNREACHABLE', 'gone');
      }
      const text = pieces[offset / 4];
      return {
        offset,
        text,
        next_offset: offset + text.length,
        complete: text === ''
      };
    }, 1);
    log.watch(true);
    await until(() => log.text === 'one\ntwo\n');
    await until(() => asked.includes(8));
    expect(asked.slice(0, 4)).toEqual([0, 4, 4, 8]);
    expect(log.problem).toBeNull();
    log.dispose();
  });

  it('keeps the end of a long log', async () => {
    const log = new LogTail(
      async offset => ({
        offset,
        text: 'x'.repeat(150_000),
        next_offset: offset + 150_000,
        complete: offset > 0
      }),
      1
    );
    log.watch(true);
    await until(() => log.cut);
    expect(log.text.length).toBe(200_000);
    log.dispose();
  });
});

describe('RunsWatch', () => {
  const reference = { name: 'churn', version: '1.3.0' };
  const finished = run(golden('run'), '');

  it('polls while a run moves and someone looks, and not otherwise', async () => {
    const api = new FakeAPI();
    api.theRuns = [but(finished, { phase: 'Running' })];
    const runs = new RunsWatch(api, reference, 1);
    await runs.refresh();
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(api.count('runs')).toBe(1);
    runs.look(true);
    await until(() => api.count('runs') > 2);
    api.theRuns = [finished];
    await until(() => runs.runs[0].phase === 'Succeeded');
    const asked = api.count('runs');
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(api.count('runs')).toBeLessThanOrEqual(asked + 1);
    runs.dispose();
  });
});

describe('NotebookSession', () => {
  it('opens what was packaged, and reads the notebook again', async () => {
    const api = new FakeAPI();
    api.nextBuilds = [done];
    const session = new NotebookSession(api, PATH);
    session.look(true);
    await session.refresh();
    expect(session.shelf.opened?.reference.version).toBe('1.3.0');
    await session.shelf.open({ name: 'churn', version: '1.2.0' });
    session.packaging();
    await session.builds.start(request);
    await until(() => session.shelf.opened?.reference.version === '1.3.0');
    await until(() => api.count('inspection') === 2);
    session.dispose();
  });

  it('lets go of what an older build said when the notebook is saved', async () => {
    const api = new FakeAPI();
    api.theBuilds = [build(golden('build_refused'), '')];
    const session = new NotebookSession(api, PATH);
    await session.refresh();
    expect(session.buildIsCurrent).toBe(true);
    await session.saved();
    expect(session.buildIsCurrent).toBe(false);
    expect(api.count('inspection')).toBe(1);
    session.look(true);
    await session.saved();
    expect(api.count('inspection')).toBe(2);
    session.dispose();
  });

  it('asks where it lives once when it is opened, and again when a run ended', async () => {
    const api = new FakeAPI();
    const ended = run(golden('run'), '');
    api.theRuns = [ended];
    const session = new NotebookSession(api, PATH);
    session.look(true);
    await session.refresh();
    await settle();
    expect(api.count('environments')).toBe(1);
    api.theRuns = [{ ...ended, id: 'another' }, ended];
    await session.shelf.opened?.runs.refresh();
    await settle();
    expect(api.count('environments')).toBe(2);
    session.dispose();
  });

  it('reads older packages on request, and keeps them', async () => {
    const api = new FakeAPI();
    const [newest] = api.thePackages;
    api.olderPackages = [newest, { ...newest, version: '0.9.0' }];
    const session = new NotebookSession(api, PATH);
    const { shelf } = session;
    await shelf.refresh();
    expect(shelf.hasOlder).toBe(true);
    const known = shelf.packages.length;
    await Promise.all([shelf.older(), shelf.older()]);
    expect(api.count(`packages ${PATH} 7`)).toBe(1);
    expect(shelf.hasOlder).toBe(false);
    await shelf.refresh();
    expect(shelf.packages.map(each => each.version).slice(known)).toEqual([
      '0.9.0'
    ]);
    session.dispose();
  });

  it('leaves nothing behind', async () => {
    const api = new FakeAPI();
    const session = new NotebookSession(api, PATH);
    let said = 0;
    session.changed.connect(() => (said += 1));
    session.dispose();
    Signal.disconnectReceiver(session);
    await session.refresh();
    expect(said).toBe(0);
    expect(session.isDisposed).toBe(true);
  });
});
