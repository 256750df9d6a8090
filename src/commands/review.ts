/** The command that opens the page of a promotion. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';

import { packageIcon } from '../icon';
import { CommandIDs } from '../tokens';

/** What the ids of the pages begin with. */
const PREFIX = 'jupyter-modelpack-review-';

/** The promotion that a page is about. */
export function promotionOf(page: MainAreaWidget): string {
  return page.id.slice(PREFIX.length);
}

/** Add the command; a page that is open already comes to the front. */
export function addReviewCommand(
  app: JupyterFrontEnd,
  trans: TranslationBundle,
  pages: WidgetTracker<MainAreaWidget>,
  load: (id: string) => Promise<MainAreaWidget>
): IDisposable {
  return app.commands.addCommand(CommandIDs.openReview, {
    label: trans.__('Review Promotion'),
    caption: trans.__('See what a promotion changes, and decide it'),
    icon: packageIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          id: { type: 'string', description: 'The promotion to review.' }
        },
        required: ['id']
      }
    },
    isEnabled: args => typeof args.id === 'string',
    execute: async args => {
      const id = String(args.id);
      const open = pages.find(page => promotionOf(page) === id);
      if (open) {
        app.shell.activateById(open.id);
        return;
      }
      const page = await load(id);
      page.id = `${PREFIX}${id}`;
      app.shell.add(page, 'main');
      await pages.add(page);
      app.shell.activateById(page.id);
    }
  });
}
