/** Waiting for you: the promotions that you may decide; absent when there is none. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { QuietButton } from '../components/buttons';
import { Chip } from '../components/chip';
import { More, useFirst } from '../components/more';
import { When } from '../components/person';
import { Section } from '../components/section';
import { IPromotion } from '../releases';

const SHOWN = 8;

export function Waiting(props: {
  promotions: IPromotion[];
  trans: TranslationBundle;
  onReview: (id: string) => void;
}): JSX.Element | null {
  const { promotions, trans } = props;
  const { more, rest, shown } = useFirst(promotions, SHOWN);
  return promotions.length === 0 ? null : (
    <Section
      title={trans.__('Waiting for you')}
      aside={<Chip>{String(promotions.length)}</Chip>}
    >
      <ul className="jp-ModelpackPanel-list">
        {shown.map(each => (
          <li key={each.id} className="jp-ModelpackPanel-waiting">
            <div className="jp-ModelpackPanel-grow">
              <strong>
                {each.name} {each.version}
              </strong>{' '}
              → {each.environment}
              <div className="jp-ModelpackPanel-advice">
                {each.requested_by}, <When at={each.created} />
                {each.reason && `: “${each.reason}”`}
              </div>
            </div>
            <QuietButton
              label={trans.__(
                'Review %1 %2 for %3',
                each.name,
                each.version,
                each.environment
              )}
              onClick={() => props.onReview(each.id)}
            >
              {trans.__('Review')}
            </QuietButton>
          </li>
        ))}
      </ul>
      <More
        rest={rest}
        words={count => trans._n('Show more of %1', 'Show more of %1', count)}
        onMore={more}
      />
    </Section>
  );
}
