/** The panel from top to bottom, drawn from what the model knows. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Trouble } from '../components/notice';
import { NotebookSession } from '../manager/session';
import { Earlier } from '../sections/earlier';
import {
  NoNotebook,
  NotSaved,
  OtherLanguage,
  ServerMissing
} from '../sections/empty';
import { countBlocking, Findings, mergeFindings } from '../sections/findings';
import { Header, Standing } from '../sections/header';
import { Packaging } from '../sections/packaging';
import { Pipeline } from '../sections/pipeline';
import { problemWords } from '../sections/phases';
import { IFinding } from '../tokens';
import { PanelModel } from './model';
import { IHost, Opened } from './opened';
import { WaitingForYou, WhereItLives } from './releases';

export interface IViewProps {
  model: PanelModel;
  host: IHost;
  trans: TranslationBundle;
}

export function View(props: IViewProps): JSX.Element {
  const { model, trans } = props;
  const { follower, session } = model;
  const reveal = (cell: number): void => {
    void follower.reveal(cell);
  };
  if (model.serverMissing) {
    return <ServerMissing trans={trans} onRetry={() => model.refresh()} />;
  }
  if (follower.foreign) {
    return (
      <>
        <NotSaved trans={trans} />
        <WaitingForYou {...props} />
      </>
    );
  }
  if (!session) {
    return (
      <>
        <NoNotebook trans={trans} />
        <WaitingForYou {...props} />
      </>
    );
  }
  if (!['', 'python'].includes(follower.language)) {
    return (
      <>
        <OtherLanguage trans={trans} language={follower.language} />
        <WaitingForYou {...props} />
      </>
    );
  }
  // How it was made is of interest until it is made; then what was made comes first.
  const succeeded = session.builds.build?.phase === 'Succeeded';
  return (
    <React.Fragment key={session.path}>
      <Top {...props} session={session} />
      <Problems {...props} session={session} />
      <InTheWay {...props} session={session} onReveal={reveal} />
      <Pipeline
        steps={session.inspection.value?.steps ?? []}
        trans={trans}
        onReveal={reveal}
      />
      {!succeeded && <Steps {...props} session={session} />}
      <Made {...props} session={session} onReveal={reveal} />
      {succeeded && <Steps {...props} session={session} />}
      <WhereItLives {...props} session={session} />
      <WaitingForYou {...props} />
      <Others {...props} session={session} />
    </React.Fragment>
  );
}

type IPart = IViewProps & { session: NotebookSession };
type IJumping = IPart & { onReveal: (cell: number) => void };

function standingOf(session: NotebookSession): Standing {
  const { builds, inspection, shelf } = session;
  if (builds.running || builds.starting) {
    return 'packaging';
  }
  if (inspection.value?.unchanged) {
    return 'unchanged';
  }
  if (!inspection.value && !inspection.problem) {
    return 'unknown';
  }
  return shelf.packages.length > 0 ? 'changed' : 'new';
}

/** The last component of a path. */
function nameOf(path: string): string {
  return path.split('/').pop() ?? path;
}

/** Findings of the inspection, and those of a build that is about the same content. */
function findingsOf(session: NotebookSession): IFinding[] {
  const { builds, inspection } = session;
  const build = session.buildIsCurrent ? builds.build : null;
  return mergeFindings(inspection.value?.findings ?? [], build?.findings ?? []);
}

/** What production runs; that nobody can tell is said too, where something is packaged. */
function badgeOf(session: NotebookSession, trans: TranslationBundle): string {
  const { environments, shelf } = session;
  const unknown = shelf.packages.length > 0 && environments.problem !== null;
  return (
    environments.value?.badge ??
    (unknown ? trans.__('What production runs is not known right now.') : '')
  );
}

function Top({ model, session, trans }: IPart): JSX.Element {
  const [last] = session.shelf.packages;
  return (
    <Header
      name={nameOf(session.path)}
      path={session.path}
      standing={standingOf(session)}
      badge={badgeOf(session, trans)}
      last={session.inspection.value?.unchanged ?? last ?? null}
      dirty={model.follower.dirty}
      blocking={countBlocking(findingsOf(session))}
      options={model.options}
      reads={session.inspection.value?.settings ?? []}
      trans={trans}
      onPackage={() => void model.package()}
      onOptions={options => model.choose(options)}
    />
  );
}

function Problems({ model, session, trans }: IPart): JSX.Element | null {
  const problem = session.inspection.problem ?? session.builds.problem;
  return problem ? (
    <div className="jp-ModelpackPanel-section">
      <Trouble
        {...problemWords(problem, trans)}
        retry={trans.__('Try again')}
        onRetry={() => model.refresh()}
      />
    </div>
  ) : null;
}

function InTheWay(props: IJumping): JSX.Element | null {
  const { session, trans } = props;
  const inspection = session.inspection.value;
  return inspection ? (
    <Findings
      findings={findingsOf(session)}
      looked={trans._n(
        '%2, %1 cell.',
        '%2, %1 cells.',
        inspection.cells,
        inspection.kernel?.display_name ?? trans.__('Python')
      )}
      trans={trans}
      onReveal={props.onReveal}
    />
  ) : null;
}

function Steps({ model, session, trans }: IPart): JSX.Element | null {
  const { build, log, stopping } = session.builds;
  return build && session.buildIsCurrent ? (
    <Packaging
      key={build.id}
      build={build}
      log={log}
      stopping={stopping}
      trans={trans}
      onStop={() => void model.stop()}
      onLook={looking => log?.watch(looking)}
    />
  ) : null;
}

/** The package that is looked at. */
function Made(props: IJumping): JSX.Element | null {
  const { opened } = props.session.shelf;
  return opened ? (
    <Opened
      key={`${opened.reference.name} ${opened.reference.version}`}
      {...props}
      opened={opened}
      path={props.session.path}
    />
  ) : null;
}

function Others({ session, trans }: IPart): JSX.Element {
  const { hasOlder, opened, packages } = session.shelf;
  return (
    <Earlier
      packages={packages}
      hasOlder={hasOlder}
      opened={opened?.reference ?? null}
      trans={trans}
      onOpen={reference => void session.shelf.open(reference)}
      onOlder={() => void session.shelf.older()}
    />
  );
}
