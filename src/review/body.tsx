/** The reviewer's page as a widget of the main area. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import React from 'react';

import { Trouble } from '../components/notice';
import { ReviewWatch } from '../manager/review';
import { decisionPage } from '../pages';
import { problemWords } from '../sections/phases';
import { Review } from '../sections/review';

export class ReviewBody extends ReactWidget {
  constructor(
    readonly watch: ReviewWatch,
    private readonly openRun: (id: string) => void,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-ModelpackPanel');
    this.addClass('jp-ModelpackReview');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Review'));
  }

  override dispose(): void {
    this.watch.dispose();
    super.dispose();
  }

  protected render(): JSX.Element {
    return (
      <UseSignal signal={this.watch.changed}>{() => this.page()}</UseSignal>
    );
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.watch.look(true);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.watch.look(false);
  }

  private page(): JSX.Element {
    const { trans, watch } = this;
    if (watch.value) {
      return (
        <Review
          review={watch.value}
          measured={watch.measured}
          identity={watch.identity}
          page={
            watch.service === undefined
              ? undefined
              : decisionPage(watch.service, watch.id)
          }
          busy={watch.deciding}
          problem={watch.refusal}
          trans={trans}
          runs={watch.runs}
          onOpenRun={this.openRun}
          onDecide={decision => void watch.decide(decision)}
        />
      );
    }
    return watch.problem ? (
      <Trouble
        {...problemWords(watch.problem, trans)}
        retry={trans.__('Try again')}
        onRetry={() => void watch.open()}
      />
    ) : (
      <p role="status">{trans.__('Looking at it…')}</p>
    );
  }
}
