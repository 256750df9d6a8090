/** The plugin of the reviewer's page: a command, and its return after a reload. */

import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { addReviewCommand, promotionOf } from '../commands/review';
import { CommandIDs } from '../tokens';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-modelpack:review',
  description: 'Shows what a promotion would change, for the one who decides.',
  autoStart: true,
  optional: [ITranslator, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_modelpack');
    const pages = new WidgetTracker<MainAreaWidget>({
      namespace: 'jupyter-modelpack-review'
    });
    addReviewCommand(app, trans, pages, async id => {
      const { loadReview } = await import('../review/load');
      return loadReview(app, id, trans);
    });
    if (restorer) {
      void restorer.restore(pages, {
        command: CommandIDs.openReview,
        args: page => ({ id: promotionOf(page) }),
        name: page => page.id
      });
    }
  }
};

export default plugin;
