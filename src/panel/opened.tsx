/** The package that is looked at, with what can be done with it. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Trouble } from '../components/notice';
import { OpenedPackage } from '../manager/shelf';
import { Exporting } from '../sections/exporting';
import { problemWords } from '../sections/phases';
import { Result } from '../sections/result';
import { RunForm } from '../sections/runform';
import { Runs } from '../sections/runs';
import { ScheduleForm } from '../sections/scheduleform';
import { Schedules } from '../sections/schedules';
import { IPackage, IRun, IRunRequest, IScheduleRequest } from '../tokens';
import { PanelModel } from './model';
import { IReviewHost } from './releases';

/** What the panel asks of JupyterLab. */
export interface IHost extends IReviewHost {
  openRunNotebook: (run: IRun) => void;
  showFile: (path: string) => void;
}

interface IOpenedProps {
  model: PanelModel;
  host: IHost;
  trans: TranslationBundle;
  opened: OpenedPackage;
  /** The notebook that it was made from. */
  path: string;
  onReveal: (cell: number) => void;
}

function folderOf(path: string): string {
  return path.split('/').slice(0, -1).join('/');
}

/** The same once more; what is not said of a run is as the form has it at first. */
function again(run: IRun): IRunRequest {
  const { backend, name, options, parameters, pod_defaults, version } = run;
  const request = { name, version, parameters, network: false };
  return backend === 'local'
    ? { ...request, settings: run.settings }
    : { ...request, backend, options, pod_defaults };
}

/** The form of a schedule, where there is a Kubeflow to keep it. */
function scheduling(
  { model, opened, trans }: IOpenedProps,
  detail: IPackage
): ((close: () => void) => JSX.Element) | null {
  const { schedules } = opened;
  const backends = model.info.value?.backends ?? [];
  if (!backends.some(each => each.name === 'kubeflow')) {
    return null;
  }
  const add = async (
    request: IScheduleRequest,
    close: () => void
  ): Promise<void> => {
    if (await schedules.add(request)) {
      close();
    }
  };
  return close => (
    <ScheduleForm
      detail={detail}
      busy={schedules.busy}
      problem={schedules.refusal}
      trans={trans}
      onAdd={request => void add(request, close)}
    />
  );
}

export function Opened(props: IOpenedProps): JSX.Element | null {
  const { model, host, opened, trans } = props;
  const { detail, runs, schedules } = opened;
  if (!detail.value) {
    return detail.problem ? (
      <div className="jp-ModelpackPanel-section">
        <Trouble {...problemWords(detail.problem, trans)} />
      </div>
    ) : null;
  }
  return (
    <Result
      detail={detail.value}
      trans={trans}
      onReveal={props.onReveal}
      run={
        <RunForm
          detail={detail.value}
          starting={runs.starting}
          problem={runs.refusal}
          backends={model.info.value?.backends ?? []}
          offersOf={backend => runs.offers(backend)}
          trans={trans}
          onReveal={props.onReveal}
          onRun={request => void runs.start(request)}
        />
      }
      schedule={scheduling(props, detail.value)}
      runs={
        <>
          <Schedules
            schedules={schedules.schedules}
            problem={schedules.problem}
            busy={schedules.busy}
            trans={trans}
            onRefresh={() => void schedules.refresh()}
            onEnable={(id, on) => void schedules.enable(id, on)}
            onRemove={id => void schedules.remove(id)}
          />
          <Runs
            runs={runs.runs}
            problem={runs.problem}
            steps={detail.value.steps}
            trans={trans}
            logOf={id => runs.log(id)}
            onLook={(id, looking) => runs.log(id).watch(looking)}
            onStop={id => void runs.stop(id)}
            onAgain={run => void runs.again(again(run))}
            onRetry={run => void runs.retry(run.id)}
            onOpenNotebook={host.openRunNotebook}
            hrefOf={(run, path) => runs.file(run.id, path)}
            onReveal={props.onReveal}
          />
        </>
      }
      export={
        <Exporting
          detail={detail.value}
          folder={folderOf(props.path)}
          trans={trans}
          onExport={request => model.exportPackage(opened.reference, request)}
          onShowFile={host.showFile}
        />
      }
    />
  );
}
