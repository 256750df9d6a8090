/** The plugin: it adds the commands and an empty panel; everything else is loaded on first use. */

import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { addCommands, IPanelHandle } from '../commands/commands';
import { packageIcon } from '../icon';
import { isInTeam } from '../pages';
import { PanelShell } from '../panel/shell';

const PLUGIN_ID = 'jupyter-modelpack:plugin';
const PANEL_ID = 'jupyter-modelpack-panel';

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description:
    'Packages a notebook as a sealed, runnable image and shows it in a side panel.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [
    ITranslator,
    ISettingRegistry,
    ICommandPalette,
    ILayoutRestorer,
    IFileBrowserFactory
  ],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    files: IFileBrowserFactory | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_modelpack');
    let handle: IPanelHandle | null = null;
    const words = {
      failed: trans.__(
        'The panel could not be loaded: the server does not answer.'
      ),
      again: trans.__('Try again')
    };

    const shell: PanelShell = new PanelShell(async () => {
      const [{ loadPanel }, settings] = await Promise.all([
        import('../panel/load'),
        // Without its schema, as in a broken installation, the defaults hold.
        registry?.load(PLUGIN_ID).catch(() => null) ?? null
      ]);
      const { model, body } = loadPanel({
        app,
        tracker,
        settings,
        shell,
        trans
      });
      handle = {
        pin: path => model.follower.pin(path),
        package: () => model.package(),
        stop: () => model.stop()
      };
      return body;
    }, words);
    shell.id = PANEL_ID;
    shell.title.icon = packageIcon;
    shell.title.caption = trans.__('Package');
    shell.node.setAttribute('aria-label', trans.__('Package'));
    app.shell.add(shell, 'right', { rank: 850, type: 'Package' });
    restorer?.add(shell, PANEL_ID);

    const open = async (): Promise<IPanelHandle> => {
      // A layout that is restored later would close the side bar again.
      await app.restored;
      app.shell.activateById(PANEL_ID);
      await shell.fill();
      if (!handle) {
        throw new Error('The panel was filled without a model.');
      }
      return handle;
    };
    const commands = addCommands({
      app,
      tracker,
      files,
      palette,
      trans,
      open
    });
    if (isInTeam()) {
      // What waits for somebody is told whether or not the panel was ever opened.
      void app.restored.then(() => shell.offer());
    }
    shell.disposed.connect(() => {
      commands.dispose();
    });
  }
};

export default plugin;
