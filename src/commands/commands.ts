/** The commands, of which menus, the palette, the toolbar and the shortcut are made. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { DisposableSet, IDisposable } from '@lumino/disposable';

import { packageIcon } from '../icon';
import { CommandIDs } from '../tokens';

/** What commands ask of the panel. */
export interface IPanelHandle {
  pin(path: string): void;
  package(): Promise<void>;
  stop(): Promise<void>;
}

export interface ICommandOptions {
  app: JupyterFrontEnd;
  tracker: INotebookTracker;
  files: IFileBrowserFactory | null;
  palette: ICommandPalette | null;
  trans: TranslationBundle;
  /** Bring the panel into view, loading it when this is the first time. */
  open: () => Promise<IPanelHandle>;
}

const NO_ARGUMENTS = { args: { type: 'object', properties: {} } } as const;

const PATH_ARGUMENT = {
  args: {
    type: 'object',
    properties: {
      path: {
        type: 'string',
        description: 'The notebook to package; the one in front when left out.'
      },
      toolbar: {
        type: 'boolean',
        description: 'Whether the label is for a toolbar.'
      }
    }
  }
} as const;

/** Add all commands; disposing the result takes them away again. */
export function addCommands(options: ICommandOptions): IDisposable {
  const { app, files, open, palette, tracker, trans } = options;
  const { commands } = app;
  const added = new DisposableSet();
  const hasNotebook = (): boolean => tracker.currentWidget !== null;

  added.add(
    commands.addCommand(CommandIDs.packageNotebook, {
      label: args =>
        args.toolbar ? trans.__('Package') : trans.__('Package Notebook'),
      caption: trans.__('Package this notebook as an image that has been run'),
      icon: packageIcon,
      describedBy: PATH_ARGUMENT,
      isEnabled: args => typeof args.path === 'string' || hasNotebook(),
      execute: async args => {
        const panel = await open();
        if (typeof args.path === 'string') {
          panel.pin(args.path);
        }
        await panel.package();
      }
    })
  );

  const chosen = (): string | null => {
    const items = [...(files?.tracker.currentWidget?.selectedItems() ?? [])];
    return items.length === 1 && items[0].type === 'notebook'
      ? items[0].path
      : null;
  };
  added.add(
    commands.addCommand(CommandIDs.packageFile, {
      label: trans.__('Package Notebook'),
      caption: trans.__('Package the notebook chosen in the file browser'),
      icon: packageIcon,
      describedBy: NO_ARGUMENTS,
      isVisible: () => chosen() !== null,
      execute: async () => {
        const path = chosen();
        if (path !== null) {
          await commands.execute(CommandIDs.packageNotebook, { path });
        }
      }
    })
  );

  added.add(
    commands.addCommand(CommandIDs.showPanel, {
      label: trans.__('Show Package Panel'),
      caption: trans.__('Show what was packaged, and what stands in the way'),
      icon: packageIcon,
      describedBy: NO_ARGUMENTS,
      execute: async () => {
        await open();
      }
    })
  );

  added.add(
    commands.addCommand(CommandIDs.stopBuild, {
      label: trans.__('Stop Packaging'),
      caption: trans.__('Stop packaging the notebook in front'),
      describedBy: NO_ARGUMENTS,
      isEnabled: hasNotebook,
      execute: async () => (await open()).stop()
    })
  );

  const category = trans.__('Package');
  for (const command of [
    CommandIDs.packageNotebook,
    CommandIDs.showPanel,
    CommandIDs.stopBuild
  ]) {
    const item = palette?.addItem({ command, category });
    if (item) {
      added.add(item);
    }
  }
  return added;
}
