/** Phases, steps and problems in the reader's words. */

import { TranslationBundle } from '@jupyterlab/translation';

import { MarkKind } from '../components/mark';
import { IProblem, IStep, Phase, Severity } from '../tokens';

export function phaseMark(phase: Phase): MarkKind {
  switch (phase) {
    case 'Succeeded':
      return 'ok';
    case 'Failed':
    case 'Errored':
      return 'bad';
    case 'Running':
      return 'running';
    case 'Aborted':
      return 'stopped';
    case 'Skipped':
      return 'skipped';
    case 'Pending':
      return 'waiting';
  }
}

export function phaseWord(phase: Phase, trans: TranslationBundle): string {
  switch (phase) {
    case 'Succeeded':
      return trans.__('done');
    case 'Failed':
      return trans.__('failed');
    case 'Errored':
      return trans.__('something broke');
    case 'Running':
      return trans.__('running');
    case 'Aborted':
      return trans.__('stopped');
    case 'Skipped':
      return trans.__('left out');
    case 'Pending':
      return trans.__('waiting');
  }
}

/** Where a run is, as it is called in a sentence. */
export function backendWord(name: string, trans: TranslationBundle): string {
  switch (name) {
    case 'local':
      return trans.__('This computer');
    case 'kubernetes':
      return trans.__('Kubernetes');
    case 'kubeflow':
      return trans.__('Kubeflow');
    default:
      return name;
  }
}

export function severityMark(severity: Severity): MarkKind {
  switch (severity) {
    case 'blocking':
      return 'bad';
    case 'warning':
      return 'warn';
    case 'note':
      return 'note';
  }
}

export function severityWord(
  severity: Severity,
  trans: TranslationBundle
): string {
  switch (severity) {
    case 'blocking':
      return trans.__('Stops it:');
    case 'warning':
      return trans.__('Warning:');
    case 'note':
      return trans.__('Note:');
  }
}

/** The title of a step; one that this version does not know keeps the server's. */
export function stepTitle(step: IStep, trans: TranslationBundle): string {
  switch (step.name) {
    case 'read':
      return trans.__('Read the notebook');
    case 'inspect':
      return trans.__('Look for problems');
    case 'environment':
      return trans.__('Find what it uses');
    case 'image':
      return trans.__('Make the image');
    case 'verify':
      return step.title.includes('sealed')
        ? trans.__('Run it, sealed')
        : trans.__('Run it');
    case 'publish':
      return trans.__('Publish');
    case 'job':
      return trans.__('Kubeflow pipeline');
    default:
      return step.title;
  }
}

/** A problem with its advice; those of the client's own making get their words here. */
export function problemWords(
  problem: IProblem,
  trans: TranslationBundle
): { message: string; advice: string } {
  switch (problem.code) {
    case 'UNREACHABLE':
      return {
        message: trans.__('The Jupyter server does not answer.'),
        advice: trans.__(
          'Check that it is still running. Packaging goes on without this window.'
        )
      };
    case 'SERVER_MISSING':
      return {
        message: trans.__('The server part of the extension is not running.'),
        advice: trans.__('Enable it, then restart JupyterLab.')
      };
    case 'NOT_PERMITTED':
      return {
        message: trans.__('You may not do this on this server.'),
        advice: problem.advice || trans.__('Ask who runs it.')
      };
    case 'BUG':
      return {
        message: trans.__('Something went wrong: %1', problem.message),
        advice: problem.advice || trans.__('The server’s log may say more.')
      };
    default:
      return { message: problem.message, advice: problem.advice };
  }
}
