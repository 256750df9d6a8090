/** The phases of promotions in the reader's words. */

import { TranslationBundle } from '@jupyterlab/translation';

import { MarkKind } from '../components/mark';
import { IPromotion, PromotionPhase } from '../releases';

export function promotionMark(phase: PromotionPhase): MarkKind {
  switch (phase) {
    case 'Checking':
    case 'Deploying':
      return 'running';
    case 'Waiting':
      return 'note';
    case 'Active':
      return 'ok';
    case 'Rejected':
    case 'Failed':
    case 'Errored':
      return 'bad';
    case 'Withdrawn':
    case 'Superseded':
      return 'stopped';
  }
}

export function promotionWord(
  phase: PromotionPhase,
  trans: TranslationBundle
): string {
  switch (phase) {
    case 'Checking':
      return trans.__('checking');
    case 'Waiting':
      return trans.__('waiting for approval');
    case 'Deploying':
      return trans.__('deploying');
    case 'Active':
      return trans.__('active');
    case 'Rejected':
      return trans.__('rejected');
    case 'Failed':
      return trans.__('refused');
    case 'Errored':
      return trans.__('something broke');
    case 'Withdrawn':
      return trans.__('withdrawn');
    case 'Superseded':
      return trans.__('replaced');
  }
}

/** How a promotion ended, in one sentence. */
export function outcomeSentence(
  promotion: IPromotion,
  trans: TranslationBundle
): string {
  const { approvals, environment, error, name, sentence, version } = promotion;
  const no = approvals.find(each => each.decision === 'reject');
  const what = `${name} ${version}`;
  if (promotion.phase === 'Rejected' && no) {
    return no.comment
      ? trans.__(
          '%1 rejected %2 for %3: “%4”',
          no.by,
          what,
          environment,
          no.comment
        )
      : trans.__('%1 rejected %2 for %3.', no.by, what, environment);
  }
  const yes = approvals.filter(each => each.decision === 'approve');
  if (promotion.phase === 'Active' && yes.length > 0) {
    const who = [...new Set(yes.map(each => each.by))].join(', ');
    return trans.__('%1 approved it: %2 is in %3 now.', who, what, environment);
  }
  if (promotion.phase === 'Active') {
    return trans.__('%1 is in %2 now.', what, environment);
  }
  return (
    error?.message ||
    sentence ||
    trans.__(
      '%1 for %2: %3.',
      what,
      environment,
      promotionWord(promotion.phase, trans)
    )
  );
}
