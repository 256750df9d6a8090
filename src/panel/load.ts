/** What is loaded when the panel is first needed: it joins the model, the view and JupyterLab. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { TranslationBundle } from '@jupyterlab/translation';

import { followEvents } from '../events';
import { Notices } from '../manager/notices';
import { isInTeam, pageOf } from '../pages';
import { RestAPI } from '../restapi';
import { CommandIDs, IBuild, IRun } from '../tokens';
import { announcePromotions } from './announce';
import { PanelBody } from './body';
import { NotebookFollower } from './follower';
import { IPanelSettings, PanelModel, SaveChoice } from './model';
import { previewOf } from './preview';
import { PanelShell } from './shell';
import { IHost } from './opened';

/** In a team others act while the panel is closed: looked for so often, in milliseconds. */
const AWAY = 20_000;

export interface ILoadOptions {
  app: JupyterFrontEnd;
  tracker: INotebookTracker;
  settings: ISettingRegistry.ISettings | null;
  shell: PanelShell;
  trans: TranslationBundle;
}

/** Make the panel's model and its body, and tie both to the frame that will hold them. */
export function loadPanel(options: ILoadOptions): {
  model: PanelModel;
  body: PanelBody;
} {
  const { app, settings, shell, tracker, trans } = options;
  const { serviceManager } = app;
  const follower = new NotebookFollower(
    tracker,
    serviceManager.contents,
    path => openNotebook(app, path)
  );
  const model = new PanelModel(
    new RestAPI(serviceManager.serverSettings),
    follower,
    readSettings(settings),
    () => askToSave(trans),
    new Notices(
      window.localStorage,
      `jupyter-modelpack:notices:${serviceManager.serverSettings.baseUrl}`
    ),
    isInTeam() ? AWAY : null
  );
  const events = followEvents(serviceManager.events.stream, event =>
    model.hint(event)
  );
  settings?.changed.connect(() => model.configure(readSettings(settings)));
  shell.looked.connect((_, looked) => model.look(looked));
  model.finished.connect((_, build) => {
    if (!model.looking) {
      announce(app, build, trans);
    }
  });
  announcePromotions(app, model, trans);
  model.look(shell.isVisible);
  const body = new PanelBody(model, hostOf(app, model, trans), trans);
  body.disposed.connect(() => {
    events.dispose();
    model.dispose();
  });
  return { model, body };
}

function readSettings(
  settings: ISettingRegistry.ISettings | null
): IPanelSettings {
  const values = settings?.composite ?? {};
  return {
    verify: values.verify !== false,
    network: values.network === true,
    compression:
      typeof values.compression === 'string' ? values.compression : 'none'
  };
}

function hostOf(
  app: JupyterFrontEnd,
  model: PanelModel,
  trans: TranslationBundle
): IHost {
  return {
    openRunNotebook: run => void openRunNotebook(app, model, run, trans),
    showFile: path =>
      void app.commands.execute('filebrowser:go-to-path', { path }),
    openReview: id => void app.commands.execute(CommandIDs.openReview, { id }),
    page: (...parts) =>
      pageOf(
        model.info.value?.service ?? null,
        app.serviceManager.serverSettings.baseUrl,
        ...parts
      )
  };
}

async function openNotebook(
  app: JupyterFrontEnd,
  path: string
): Promise<NotebookPanel | null> {
  const widget: unknown = await app.commands.execute('docmanager:open', {
    path,
    factory: 'Notebook'
  });
  return widget instanceof NotebookPanel ? widget : null;
}

/** Open the executed notebook itself where it lies among the user's files, else a picture of it. */
async function openRunNotebook(
  app: JupyterFrontEnd,
  model: PanelModel,
  run: IRun,
  trans: TranslationBundle
): Promise<void> {
  if (run.executed_notebook) {
    await app.commands.execute('docmanager:open', {
      path: run.executed_notebook
    });
    return;
  }
  try {
    const title = trans.__('Run of %1 %2', run.name, run.version);
    app.shell.add(previewOf(await model.runNotebook(run.id), title), 'main');
  } catch (reason) {
    Notification.error(
      reason instanceof Error ? reason.message : String(reason)
    );
  }
}

async function askToSave(trans: TranslationBundle): Promise<SaveChoice> {
  const { button } = await showDialog({
    title: trans.__('Save before packaging?'),
    body: trans.__(
      'This notebook has unsaved changes. A package is made from the saved file.'
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.createButton({
        label: trans.__('Package what is saved'),
        actions: ['leave']
      }),
      Dialog.okButton({
        label: trans.__('Save and package'),
        actions: ['save']
      })
    ],
    defaultButton: 2
  });
  const [choice] = button.actions;
  return choice === 'save' || choice === 'leave' ? choice : 'cancel';
}

/** Say how a build ended to someone who looks elsewhere. */
function announce(
  app: JupyterFrontEnd,
  build: IBuild,
  trans: TranslationBundle
): void {
  const actions = [
    {
      label: trans.__('Show'),
      callback: () => void app.commands.execute(CommandIDs.showPanel)
    }
  ];
  if (build.package) {
    const { name, version } = build.package;
    Notification.success(trans.__('%1 %2 is packaged.', name, version), {
      actions
    });
  } else if (build.phase !== 'Aborted') {
    Notification.error(
      build.error?.message ?? trans.__('%1 was not packaged.', build.path),
      { actions }
    );
  }
}
