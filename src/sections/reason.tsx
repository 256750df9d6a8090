/** A small form that asks why before something is changed for others. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useRef, useState } from 'react';

import { PrimaryButton, QuietButton } from '../components/buttons';
import { Choice, Field } from '../components/field';
import { Trouble } from '../components/notice';
import { IProblem } from '../tokens';
import { problemWords } from './phases';

export interface IReasonFormProps {
  label: string;
  /** What can be chosen; one version is simply named on the button. */
  versions: string[];
  submit: (version: string) => string;
  hint: string;
  busy: boolean;
  problem: IProblem | null;
  trans: TranslationBundle;
  children?: React.ReactNode;
  onSubmit: (version: string, reason: string) => void;
  onCancel: () => void;
}

export function ReasonForm(props: IReasonFormProps): JSX.Element {
  const { busy, trans, versions } = props;
  const [reason, setReason] = useState('');
  const [version, setVersion] = useState(versions[0] ?? '');
  const [missing, setMissing] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('select, input')?.focus();
  }, []);
  const send = (): void => {
    if (!reason.trim()) {
      setMissing(true);
      form.current?.querySelector<HTMLElement>('input')?.focus();
    } else if (!busy) {
      props.onSubmit(version, reason.trim());
    }
  };
  return (
    <form
      ref={form}
      className="jp-ModelpackPanel-form"
      aria-label={props.label}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          props.onCancel();
        }
      }}
      onSubmit={event => {
        event.preventDefault();
        send();
      }}
    >
      {props.children}
      {versions.length > 1 && (
        <Choice
          label={trans.__('Version')}
          options={versions.map(each => ({ value: each, text: each }))}
          value={version}
          onChange={setVersion}
        />
      )}
      <Field
        name={trans.__('Why')}
        type="str"
        text={reason}
        hint={props.hint}
        error={
          missing && !reason.trim() ? trans.__('Say why in a few words.') : ''
        }
        onChange={setReason}
      />
      {props.problem && <Trouble {...problemWords(props.problem, trans)} />}
      <div className="jp-ModelpackPanel-actions">
        <PrimaryButton busy={busy} disabled={busy}>
          {busy ? trans.__('Asking…') : props.submit(version)}
        </PrimaryButton>
        <QuietButton onClick={props.onCancel}>{trans.__('Cancel')}</QuietButton>
      </div>
    </form>
  );
}
