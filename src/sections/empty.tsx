/** What the panel says when there is nothing that it could package. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { LinkButton } from '../components/buttons';
import { Emptiness } from '../components/notice';

interface IEmpty {
  trans: TranslationBundle;
}

export function NoNotebook({ trans }: IEmpty): JSX.Element {
  return (
    <Emptiness
      title={trans.__('No notebook is open')}
      sentence={trans.__(
        'Open a notebook to see what stands in the way of packaging it, and what was packaged before.'
      )}
    />
  );
}

export function NotSaved({ trans }: IEmpty): JSX.Element {
  return (
    <Emptiness
      title={trans.__('This notebook is on another drive')}
      sentence={trans.__(
        'Only notebooks in the server’s own files can be packaged. Save a copy there first.'
      )}
    />
  );
}

export function OtherLanguage(
  props: IEmpty & { language: string }
): JSX.Element {
  const { language, trans } = props;
  return (
    <Emptiness
      title={trans.__('This notebook is written in %1', language)}
      sentence={trans.__(
        'Only Python notebooks can be packaged. If it is Python after all, choose its kernel again and save it.'
      )}
    />
  );
}

export function ServerMissing(
  props: IEmpty & { onRetry: () => void }
): JSX.Element {
  const { trans } = props;
  return (
    <Emptiness
      title={trans.__('The server part is not running')}
      sentence={trans.__(
        'The panel is here, but the extension of the Jupyter server that does the work is not. Enable it, then restart JupyterLab:'
      )}
      command="jupyter server extension enable jupyter_modelpack"
    >
      <LinkButton onClick={props.onRetry}>{trans.__('Look again')}</LinkButton>
    </Emptiness>
  );
}
