/** What opens in a lane: why to promote, why to roll back, and the history. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { IEnvironment } from '../releases';
import { IProblem } from '../tokens';
import { Gates } from './gates';
import { History } from './history';
import { ILaneActions } from './lives';
import { ReasonForm } from './reason';

export type Opened = 'promote' | 'rollback' | 'history' | null;

export interface ILaneForms {
  environment: IEnvironment;
  opened: Opened;
  busy: boolean;
  problem: IProblem | null;
  actions: ILaneActions;
  trans: TranslationBundle;
  close: () => void;
}

export function LaneForms(props: ILaneForms): JSX.Element | null {
  const { actions, close, environment, opened, trans } = props;
  const { holds, name, promote, rollback } = environment;
  const common = {
    busy: props.busy,
    problem: props.problem,
    trans,
    hint: trans.__('Kept in the history of %1.', name),
    onCancel: close
  };
  const then = async (asked: Promise<boolean>): Promise<void> => {
    if (await asked) {
      close();
    }
  };
  if (opened === 'history') {
    return (
      <History
        environment={name}
        now={`${holds?.version} ${holds?.since}`}
        read={actions.history}
        trans={trans}
      />
    );
  }
  if (opened === 'promote' && promote?.allowed && promote.version) {
    return (
      <ReasonForm
        key="promote"
        {...common}
        label={trans.__('Promote %1 to %2', promote.version, name)}
        versions={[promote.version]}
        submit={version => trans.__('Promote %1 to %2', version, name)}
        onSubmit={(version, reason) =>
          void then(actions.promote(name, version, reason))
        }
      >
        <Gates
          checks={promote.checks}
          label={trans.__('What %1 asks for', name)}
          trans={trans}
        />
      </ReasonForm>
    );
  }
  return opened === 'rollback' && rollback ? (
    <ReasonForm
      key="rollback"
      {...common}
      label={trans.__('Roll back %1', name)}
      versions={rollback.to}
      submit={version => trans.__('Roll %1 back to %2', name, version)}
      onSubmit={(version, reason) =>
        void then(actions.rollBack(name, version, reason))
      }
    />
  ) : null;
}
