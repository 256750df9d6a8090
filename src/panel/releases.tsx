/** The parts of the panel about releases: where they live, and what waits for a decision. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Trouble } from '../components/notice';
import { NotebookSession } from '../manager/session';
import { Lives } from '../sections/lives';
import { problemWords } from '../sections/phases';
import { Waiting } from '../sections/waiting';
import { PanelModel } from './model';

/** What these parts ask of JupyterLab. */
export interface IReviewHost {
  openReview: (id: string) => void;
  /** The address of a page that the server makes. */
  page: (...parts: string[]) => string;
}

interface IReleasesProps {
  model: PanelModel;
  host: IReviewHost;
  trans: TranslationBundle;
}

/** The lanes; absent before the first package, and where the server knows no environments. */
export function WhereItLives(
  props: IReleasesProps & { session: NotebookSession }
): JSX.Element | null {
  const { host, model, session, trans } = props;
  const { environments, shelf } = session;
  const [newest] = shelf.packages;
  if (!newest || !environments.value) {
    return newest && environments.problem ? (
      <div className="jp-ModelpackPanel-section">
        <Trouble
          {...problemWords(environments.problem, trans)}
          retry={trans.__('Try again')}
          onRetry={() => void environments.refresh()}
        />
      </div>
    ) : null;
  }
  return (
    <Lives
      value={environments.value}
      asking={environments.asking}
      refusal={environments.refusal}
      outcome={environment => environments.outcome(environment)}
      rules={host.page('jurisdiction')}
      elsewhere={
        model.info.value?.service
          ? {
              package: host.page('packages', newest.name),
              promotion: id => host.page('promotions', id)
            }
          : null
      }
      trans={trans}
      actions={{
        promote: (environment, version, reason) =>
          environments.promote({ version, environment, reason }),
        rollBack: (environment, version, reason) =>
          environments.rollBack({ version, environment, reason }),
        withdraw: (environment, id) => environments.withdraw(environment, id),
        review: host.openReview,
        history: (environment, at) => environments.history(environment, at)
      }}
    />
  );
}

export function WaitingForYou(props: IReleasesProps): JSX.Element {
  const { host, model, trans } = props;
  return (
    <Waiting
      promotions={model.inbox.waiting}
      trans={trans}
      onReview={host.openReview}
    />
  );
}
