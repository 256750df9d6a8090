/** The top of the panel: which notebook, how it stands, and the one thing to do. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useId } from 'react';

import { PrimaryButton } from '../components/buttons';
import { Chip } from '../components/chip';
import { Field, Tick } from '../components/field';
import { Disclosure } from '../components/section';
import { MiddleCut, Versions } from '../components/words';
import { IReference } from '../tokens';
import { Settings } from './settings';

/** How the notebook stands against its packages. */
export type Standing =
  'unknown' | 'new' | 'changed' | 'unchanged' | 'packaging';

export interface IOptions {
  verify: boolean;
  network: boolean;
  /** The settings that the verify run is given, by their names. */
  settings: string[];
  /** The name of a line beside the main one; empty for that. */
  line: string;
}

const LINE = /^[a-z](?:[a-z0-9-]{0,16}[a-z0-9])?$/;

export interface IHeaderProps {
  name: string;
  path: string;
  standing: Standing;
  /** What production runs, and how the notebook differs from it; empty where nobody knows. */
  badge: string;
  /** The newest package, or the one that equals the notebook. */
  last: IReference | null;
  dirty: boolean;
  blocking: number;
  options: IOptions;
  /** The settings that the notebook reads. */
  reads: string[];
  trans: TranslationBundle;
  onPackage: () => void;
  onOptions: (options: IOptions) => void;
}

export function Header(props: IHeaderProps): JSX.Element {
  const { standing, trans } = props;
  const id = useId();
  const idle = standing === 'unchanged' && !props.dirty;
  return (
    <div className="jp-ModelpackPanel-head">
      <div className="jp-ModelpackPanel-row">
        <h2 className="jp-ModelpackPanel-name">
          <MiddleCut text={props.name} />
        </h2>
        <Badge {...props} />
      </div>
      {props.badge && (
        <p className="jp-ModelpackPanel-lead">
          <Versions text={props.badge} />
        </p>
      )}
      <p id={id} className="jp-ModelpackPanel-standing" role="status">
        <StandingLine {...props} />
      </p>
      <PrimaryButton
        disabled={idle || standing === 'packaging'}
        busy={standing === 'packaging'}
        describedBy={id}
        onClick={props.onPackage}
      >
        {standing === 'packaging'
          ? trans.__('Packaging…')
          : idle
            ? trans.__('Nothing to package')
            : trans.__('Package')}
      </PrimaryButton>
      {standing !== 'packaging' && !idle && (
        <div className="jp-ModelpackPanel-options">
          <Options {...props} />
        </div>
      )}
    </div>
  );
}

function Badge({ standing, dirty, trans }: IHeaderProps): JSX.Element | null {
  if (standing === 'packaging') {
    return <Chip mark="running">{trans.__('packaging')}</Chip>;
  }
  if (dirty) {
    return <Chip>{trans.__('unsaved')}</Chip>;
  }
  switch (standing) {
    case 'unchanged':
      return <Chip mark="ok">{trans.__('packaged')}</Chip>;
    case 'changed':
      return <Chip>{trans.__('changed')}</Chip>;
    case 'new':
      return <Chip>{trans.__('new')}</Chip>;
    default:
      return null;
  }
}

function StandingLine(props: IHeaderProps): JSX.Element {
  const { standing, last, dirty, trans } = props;
  const version = last && <strong>{last.version}</strong>;
  if (standing === 'unknown') {
    return <>{trans.__('Looking at it…')}</>;
  }
  if (props.blocking > 0 && standing !== 'packaging') {
    return (
      <>
        {trans._n(
          '%1 thing below stops it from being packaged.',
          '%1 things below stop it from being packaged.',
          props.blocking
        )}
      </>
    );
  }
  if (dirty && standing !== 'packaging') {
    return <>{trans.__('Your unsaved changes can be saved first.')}</>;
  }
  if (!version) {
    return standing === 'packaging' ? (
      <>{trans.__('Its first package is being made.')}</>
    ) : (
      <>{trans.__('Not packaged yet.')}</>
    );
  }
  if (standing === 'packaging') {
    return (
      <>
        {trans.__('The newest package is')} {version}.
      </>
    );
  }
  return standing === 'unchanged' ? (
    <>
      {trans.__('Nothing changed since')} {version}.
    </>
  ) : (
    <>
      {trans.__('Changed since')} {version}.
    </>
  );
}

function Options(props: IHeaderProps): JSX.Element {
  const { options, trans, onOptions } = props;
  return (
    <Disclosure label={trans.__('Options')}>
      <Tick
        label={trans.__('Run the package once to verify it')}
        meaning={trans.__('A package that was never run is only a hope.')}
        checked={options.verify}
        onChange={verify => onOptions({ ...options, verify })}
      />
      {options.verify && (
        <Tick
          label={trans.__('Let that run use the network')}
          meaning={trans.__(
            'The package is then labelled as not sealed: what it downloads may change.'
          )}
          checked={options.network}
          onChange={network => onOptions({ ...options, network })}
        />
      )}
      {options.verify && (
        <Settings
          names={props.reads}
          given={options.settings}
          trans={trans}
          onGive={settings => onOptions({ ...options, settings })}
        />
      )}
      <Field
        name={trans.__('Only trying? Name it')}
        type="code"
        text={options.line}
        hint={trans.__(
          'try-xgboost makes 1.5.0-try-xgboost.1, beside the main line. Empty: the next version.'
        )}
        error={
          options.line && !LINE.test(options.line)
            ? trans.__('Use small letters, digits and dashes, 18 at most.')
            : ''
        }
        onChange={line => onOptions({ ...options, line })}
      />
    </Disclosure>
  );
}
