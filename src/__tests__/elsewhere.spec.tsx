/** Runs and pipelines elsewhere, publishing, and the release service's own pages. */

import { nullTranslator } from '@jupyterlab/translation';
import {
  cleanup,
  fireEvent,
  render,
  screen,
  within
} from '@testing-library/react';
import React from 'react';

import { decisionPage, pageOf } from '../pages';
import { Runs } from '../sections/runs';
import { stepsIn } from '../sections/progress';
import { IPipelineStep, IRun } from '../tokens';
import { info, inspection, offers, pipelineStep } from '../validate/notebook';
import { list, record } from '../validate/shape';
import { build, run } from '../validate/work';
import { but, golden } from './golden';

const trans = nullTranslator.load('jupyter_modelpack');
const nothing = (): void => undefined;
const team = info(golden('info_team'), '');
const graph = record({ steps: list(pipelineStep) })(
  golden('pipeline_graph'),
  ''
).steps;

afterEach(cleanup);

describe('the contract about places', () => {
  it('reads the golden answers', () => {
    expect(team.backends.map(each => each.name)).toEqual([
      'kubernetes',
      'kubeflow'
    ]);
    const offered = offers(golden('offers'), '');
    expect(offered.pod_defaults[0].description).toContain('Kubeflow Pipelines');
    expect(offered.volumes.map(each => each.mount?.name)).toEqual([
      'workspace-ada',
      undefined
    ]);
    expect(team.service?.pages).toMatch(/^https:.*pages\/$/);
    const [silent, sent] = ['run_kubernetes', 'run_kubeflow'].map(name =>
      run(golden(name), '')
    );
    expect(silent.place.namespace).toBe('team-churn');
    expect(silent.events).toHaveLength(1);
    expect(sent.steps.map(each => each.phase)).toContain('Running');
    const [, , , , , publish] = build(golden('build_publishing'), '').steps;
    expect(publish.detail).toContain('were there already');
  });

  it('takes what servers say that know of no places', () => {
    const old = info(golden('info'), '');
    expect([old.backends, old.service]).toEqual([[], null]);
    expect(info({ version: '1', backends: ['kubeflow'] }, '').backends).toEqual(
      [{ name: 'kubeflow', sentence: '' }]
    );
    const early = { name: 'load', artifacts: { metrics: ['load-1'] } };
    expect(
      run({ ...run(golden('run'), ''), steps: [early] }, '').steps
    ).toMatchObject([{ name: 'load', metrics: {}, artifacts: [] }]);
    expect(run(golden('run'), '')).toMatchObject({
      backend: 'local',
      events: [],
      steps: []
    });
    expect(
      inspection(golden('inspection'), '').steps.map(each => each.name)
    ).toContain('load');
  });
});

describe('Runs elsewhere', () => {
  const retried: string[] = [];

  function draw(runs: IRun[], again: IRun[] = []): HTMLElement {
    return render(
      <Runs
        runs={runs}
        problem={null}
        steps={graph}
        trans={trans}
        logOf={() => ({ text: '', cut: false, problem: null })}
        onLook={nothing}
        onStop={nothing}
        onAgain={each => again.push(each)}
        onRetry={each => retried.push(each.id)}
        onOpenNotebook={nothing}
        hrefOf={() => '#'}
        onReveal={nothing}
      />
    ).container;
  }

  it('says since when nobody can tell, and never that it failed', () => {
    const unknown_since = '2026-11-23T09:46:02.000Z';
    const container = draw([
      but(run(golden('run_kubernetes'), ''), { unknown_since })
    ]);
    expect(container.textContent).toMatch(/unknown since/);
    expect(container.textContent).not.toMatch(/fail|broke/);
    screen.getByText(/Kubernetes does not answer\. The run may well go on/);
    const events = screen.getByRole('list', {
      name: 'What happened to the run'
    });
    within(events).getByText(/Publish the package to that registry/);
    screen.getByText(/job churn-1f2e3d4c5b6a, pod churn-/);
  });

  it('goes on with a failed run at Kubeflow, unless that is being done', () => {
    const failed = but(run(golden('run_kubeflow'), ''), { phase: 'Failed' });
    const there = failed.place.run;
    draw([failed]);
    fireEvent.click(
      screen.getByRole('button', { name: /^Go on with the run of .* failed$/ })
    );
    expect(retried).toEqual([failed.id]);
    cleanup();
    const next = but(failed, { id: 'n', phase: 'Running', retries: there });
    draw([next, failed]);
    screen.getByText('Goes on from the steps that had failed.');
    expect(screen.queryByText('Retry')).toBeNull();
    cleanup();
    draw([but(failed, { phase: 'Succeeded' })]);
    expect(screen.queryByText('Retry')).toBeNull();
    cleanup();
    draw([but(run(golden('run_kubernetes'), ''), { phase: 'Failed' })]);
    expect(screen.queryByText('Retry')).toBeNull();
  });

  it('lights up the steps, and links to where it runs', () => {
    draw([run(golden('run_kubeflow'), '')]);
    screen.getByRole('button', { name: /^train: running, cells 7–9/ });
    screen.getByRole('button', { name: /^report: waiting, cells 10, 12/ });
    const link = screen.getByRole('link', { name: 'Open it there' });
    expect(link.getAttribute('rel')).toContain('noopener');
    const made = screen.getByRole('list', { name: 'What the steps made' });
    const [first, ...others] = within(made).getAllByRole('listitem');
    expect(first.textContent).toBe(
      'preparerows 12,000metrics↗notebook as it ran↗customers↗'
    );
    expect(others).toHaveLength(2); // a step that goes on has made nothing yet
    expect(
      within(first)
        .getByRole('link', { name: 'customers' })
        .getAttribute('href')
    ).toMatch(/\/#\/artifacts\/43$/);
  });

  it('tells the steps by the cell where the backend runs all in one', () => {
    const steps: IPipelineStep[] = [
      { name: 'load', cells: [4], after: [], phase: null },
      { name: 'fit', cells: [6, 7], after: ['load'], phase: null },
      { name: 'judge', cells: [9, 10], after: ['fit'], phase: null }
    ];
    const phases = (...differences: object[]): (string | null)[] =>
      stepsIn(
        steps,
        but(
          run(golden('run_kubernetes'), ''),
          Object.assign({}, ...differences)
        )
      ).map(step => step.phase);
    expect(phases()).toEqual(['Pending', 'Pending', 'Pending']);
    expect(phases({ cell: 2 })).toEqual(['Pending', 'Pending', 'Pending']);
    expect(phases({ cell: 7 })).toEqual(['Succeeded', 'Running', 'Pending']);
    const stopped = { cell: 7, phase: 'Aborted' };
    expect(phases(stopped)).toEqual(['Succeeded', 'Aborted', 'Skipped']);
    const failed = { cell: 10, phase: 'Failed' };
    expect(phases(failed)).toEqual(['Succeeded', 'Succeeded', 'Failed']);
    const check = {
      checks: [{ cell: 7, passed: false, message: '' }],
      error: { code: 'CHECK_FAILED', message: '', advice: '' }
    };
    expect(phases(failed, check)).toEqual(['Succeeded', 'Failed', 'Succeeded']);
    expect(phases({ cell: 10, phase: 'Succeeded' })).toEqual(
      steps.map(() => 'Succeeded')
    );
    expect(stepsIn([], run(golden('run_kubernetes'), ''))).toEqual([]);
    steps[1] = { ...steps[1], notebook: 'train.ipynb', cells: [21, 22] };
    expect(phases({ cell: 21 })).toEqual(['Succeeded', 'Running', 'Pending']);
    expect(phases({ cell: 9 })).toEqual(['Succeeded', 'Succeeded', 'Running']);
  });

  it('keeps the steps of earlier runs closed', () => {
    const over = but(run(golden('run_kubeflow'), ''), { phase: 'Succeeded' });
    draw([over, but(over, { id: 'earlier' })]);
    expect(
      screen
        .getAllByRole('button', { name: 'Steps' })
        .map(each => each.getAttribute('aria-expanded'))
    ).toEqual(['true', 'false']);
  });

  it('never makes a link of anything but an address of the web', () => {
    const link = 'javascript:alert(1)';
    const sent = run(golden('run_kubeflow'), '');
    const artifacts = [{ name: 'model', link }];
    const steps = sent.steps.map(each => ({ ...each, artifacts }));
    draw([but(sent, { place: { link }, steps })]);
    expect(screen.getAllByText('model')).toHaveLength(steps.length);
    expect(screen.queryByRole('link')).toBeNull();
  });

  it('shows the newest events, and the others when asked', () => {
    const events = ['one', 'two', 'three', 'four', 'five'].map(sentence => ({
      at: null,
      sentence,
      advice: ''
    }));
    draw([but(run(golden('run_kubernetes'), ''), { events })]);
    expect(screen.queryByText('one')).toBeNull();
    fireEvent.click(
      screen.getByRole('button', { name: 'Show 2 earlier events' })
    );
    screen.getByText('one');
  });

  it('runs again what is over', () => {
    const again: IRun[] = [];
    const over = run(golden('run'), '');
    draw([over, run(golden('run_kubeflow'), '')], again);
    fireEvent.click(screen.getByText('Run again'));
    expect(again).toEqual([over]);
  });
});

describe('the pages of the service', () => {
  it('are the service’s own where there is one, else this server’s', () => {
    expect(pageOf(null, 'http://lab/base/', 'jurisdiction')).toBe(
      'http://lab/base/jupyter-modelpack/pages/jurisdiction'
    );
    expect(decisionPage(team.service, 'a/b')).toBe(
      'https://releases.example.org/jupyter-modelpack/pages/promotions/a%2Fb'
    );
    expect(decisionPage(null, 'a')).toBeNull();
  });

  it('are never an address that runs something', () => {
    const wrong = { url: '', pages: 'javascript:alert(1)//' };
    expect(pageOf(wrong, 'http://lab/', 'x')).toBe(
      'http://lab/jupyter-modelpack/pages/x'
    );
  });
});
