/** Where to run: the form's places, what a cluster offers there, and what is sent. */

import { nullTranslator } from '@jupyterlab/translation';
import {
  cleanup,
  fireEvent,
  render,
  screen,
  within
} from '@testing-library/react';
import React from 'react';

import { IOffered } from '../sections/offers';
import { RunForm } from '../sections/runform';
import { IRunRequest, Problem } from '../tokens';
import { info, offers, pipelineStep } from '../validate/notebook';
import { packageDetail } from '../validate/package';
import { list, record } from '../validate/shape';
import { but, golden } from './golden';

const trans = nullTranslator.load('jupyter_modelpack');
const nothing = (): void => undefined;
const team = info(golden('info_team'), '');
const graph = record({ steps: list(pipelineStep) })(
  golden('pipeline_graph'),
  ''
).steps;

afterEach(cleanup);

describe('where to run', () => {
  const detail = but(packageDetail(golden('package'), ''), {
    parameters: [],
    steps: graph
  });

  const answered = (name: string): IOffered => ({
    value: offers(golden(name), ''),
    problem: null,
    loading: false,
    refresh: async () => nothing()
  });

  function draw(
    requests: IRunRequest[],
    configured = true,
    answer = answered('offers')
  ): void {
    render(
      <RunForm
        detail={detail}
        starting={false}
        problem={null}
        backends={configured ? team.backends : []}
        offersOf={() => answer}
        trans={trans}
        onReveal={nothing}
        onRun={request => requests.push(request)}
      />
    );
  }

  it('is not asked where there is only this computer', () => {
    draw([], false);
    expect(screen.queryByLabelText('Where')).toBeNull();
    expect(screen.queryByLabelText('gpu-quota')).toBeNull();
  });

  it('sends the place and what was ticked', () => {
    const requests: IRunRequest[] = [];
    draw(requests);
    fireEvent.click(screen.getByLabelText('Allow the network'));
    fireEvent.change(screen.getByLabelText('Where'), {
      target: { value: 'kubeflow' }
    });
    screen.getByText('The namespace team-a, in the experiment churn.');
    screen.getByRole('group', { name: 'Pipeline of 5 steps' });
    expect(screen.queryByLabelText('Allow the network')).toBeNull();
    fireEvent.click(screen.getByLabelText('gpu-quota'));
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));
    expect(requests).toEqual([
      {
        name: 'churn',
        version: '1.3.0',
        parameters: {},
        network: false,
        backend: 'kubeflow',
        options: offers(golden('offers'), '').options,
        pod_defaults: ['gpu-quota']
      }
    ]);
  });

  const choose = (value: string): void => {
    fireEvent.change(screen.getByLabelText('Where'), { target: { value } });
  };

  it('shows where data comes from before anything is sent', () => {
    draw([]);
    expect(screen.queryByText(/workspace-ada/)).toBeNull();
    choose('kubernetes');
    screen.getByRole('group', { name: 'PodDefaults of team-churn' });
    const data = screen.getByRole('list', {
      name: 'Where its data lies'
    });
    within(data).getByText(/comes from the claim workspace-ada, read-only/);
    within(data).getByText(/which no run can mount/);
  });

  it('says what it may not see, and runs all the same', () => {
    const requests: IRunRequest[] = [];
    draw(requests, true, answered('offers_refused'));
    choose('kubernetes');
    screen.getByText(/You may not see the PodDefaults of team-churn/);
    screen.getByRole('button', { name: 'Ask again' });
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));
    expect(requests[0]).toEqual({
      name: 'churn',
      version: '1.3.0',
      parameters: {},
      network: false,
      backend: 'kubernetes'
    });
  });

  it('says that there are none, that it asks, and that nobody answers', () => {
    const good = answered('offers');
    const none = but(offers(golden('offers'), ''), { pod_defaults: [] });
    draw([], true, { ...good, value: none });
    choose('kubernetes');
    screen.getByText('The namespace team-churn has no PodDefaults.');
    cleanup();
    draw([], true, { ...good, value: null, loading: true });
    choose('kubernetes');
    screen.getByText('Asking the cluster what it offers…');
    cleanup();
    const away = new Problem('BACKEND_UNAVAILABLE', 'The cluster is away.');
    draw([], true, { ...good, value: null, problem: away });
    choose('kubernetes');
    screen.getByText(/The cluster is away/);
  });
});
