/** What is loaded when a promotion is first reviewed. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { followEvents } from '../events';
import { packageIcon } from '../icon';
import { ReviewWatch } from '../manager/review';
import { previewOf } from '../panel/preview';
import { RestAPI } from '../restapi';
import { Problem } from '../tokens';
import { ReviewBody } from './body';

/** Make the page of one promotion; it reads what it shows. */
export function loadReview(
  app: JupyterFrontEnd,
  id: string,
  trans: TranslationBundle
): MainAreaWidget<ReviewBody> {
  const { events, serverSettings } = app.serviceManager;
  const watch = new ReviewWatch(new RestAPI(serverSettings), id);
  const hints = followEvents(events.stream, event => watch.hint(event.id));
  const openRun = async (run: string): Promise<void> => {
    try {
      const title = trans.__('Notebook as it ran');
      app.shell.add(previewOf(await watch.runNotebook(run), title), 'main');
    } catch (reason) {
      Notification.error(Problem.from(reason).message);
    }
  };
  const content = new ReviewBody(watch, run => void openRun(run), trans);
  const widget = new MainAreaWidget({ content });
  widget.title.icon = packageIcon;
  widget.title.label = trans.__('Review');
  watch.changed.connect(() => {
    if (watch.value) {
      const { environment, name, version } = watch.value;
      widget.title.label = `${name} ${version} → ${environment}`;
    }
  });
  content.disposed.connect(() => {
    hints.dispose();
  });
  watch.look(true);
  void watch.open();
  return widget;
}
