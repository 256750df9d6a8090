/** Notifications about promotions: what waits for you, and what was decided. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IPromotion } from '../releases';
import { outcomeSentence } from '../sections/standing';
import { CommandIDs } from '../tokens';
import { PanelModel } from './model';

/** Say what happened to promotions for as long as the model lives. */
export function announcePromotions(
  app: JupyterFrontEnd,
  model: PanelModel,
  trans: TranslationBundle
): void {
  const show = ({ id }: IPromotion): Notification.IAction => ({
    label: trans.__('Show'),
    callback: () => void app.commands.execute(CommandIDs.openReview, { id })
  });
  const shown = new Map<string, string>();
  model.inbox.arrived.connect((_, promotion) => {
    const { environment, name, requested_by, version } = promotion;
    const notice = Notification.info(
      trans.__(
        '%1 asks you to approve %2 for %3.',
        requested_by,
        `${name} ${version}`,
        environment
      ),
      { actions: [show(promotion)], autoClose: false }
    );
    shown.set(promotion.id, notice);
  });
  model.inbox.decided.connect((_, promotion) => {
    // That it waits is no longer true.
    Notification.dismiss(shown.get(promotion.id) ?? '');
    shown.delete(promotion.id);
    if (promotion.phase === 'Withdrawn' || promotion.phase === 'Superseded') {
      return;
    }
    const say =
      promotion.phase === 'Active' ? Notification.success : Notification.error;
    say(outcomeSentence(promotion, trans), { actions: [show(promotion)] });
  });
}
