/** Export…: a package written to a file beside the notebook. */

import { TranslationBundle } from '@jupyterlab/translation';
import React, { useId, useState } from 'react';

import { LinkButton, PrimaryButton } from '../components/buttons';
import { formatSize } from '../components/format';
import { Mark } from '../components/mark';
import { Trouble } from '../components/notice';
import { MiddleCut } from '../components/words';
import {
  ExportFormat,
  IExportRequest,
  IPackage,
  IProblem,
  Problem
} from '../tokens';
import { problemWords } from './phases';

export interface IExportProps {
  detail: IPackage;
  /** The folder of the notebook, where the file is proposed to go. */
  folder: string;
  trans: TranslationBundle;
  onExport: (
    request: IExportRequest
  ) => Promise<{ path: string; size: number }>;
  onShowFile: (path: string) => void;
}

interface IFormat {
  format: ExportFormat;
  title: string;
  meaning: string;
  ending: string;
}

function formats(trans: TranslationBundle): IFormat[] {
  return [
    {
      format: 'oci-archive',
      title: trans.__('Image (OCI archive)'),
      meaning: trans.__('For podman, skopeo and registries.'),
      ending: '.oci.tar'
    },
    {
      format: 'docker-archive',
      title: trans.__('Image (Docker archive)'),
      meaning: trans.__('For docker load.'),
      ending: '.docker.tar'
    },
    {
      format: 'kubeflow',
      title: trans.__('Kubeflow pipeline'),
      meaning: trans.__('To upload in Kubeflow Pipelines.'),
      ending: '.pipeline.yaml'
    },
    {
      format: 'kubernetes',
      title: trans.__('Kubernetes job'),
      meaning: trans.__('For kubectl apply.'),
      ending: '.job.yaml'
    }
  ];
}

export function Exporting(props: IExportProps): JSX.Element {
  const { detail, folder, trans } = props;
  const choices = formats(trans);
  const [format, setFormat] = useState<ExportFormat>('oci-archive');
  const [typed, setTyped] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<IProblem | null>(null);
  const [written, setWritten] = useState<{ path: string; size: number } | null>(
    null
  );
  const id = useId();
  const choice = choices.find(each => each.format === format) ?? choices[0];
  const proposed = `${detail.name}-${detail.version}${choice.ending}`;
  const name = (typed ?? proposed).trim();
  const exists = problem?.code === 'CONFLICT';

  const write = async (overwrite: boolean): Promise<void> => {
    setBusy(true);
    setProblem(null);
    setWritten(null);
    try {
      const path = folder ? `${folder}/${name}` : name;
      setWritten(await props.onExport({ format, path, overwrite }));
    } catch (reason) {
      setProblem(Problem.from(reason));
    }
    setBusy(false);
  };

  return (
    <form
      className="jp-ModelpackPanel-form"
      aria-label={trans.__('Export %1 %2', detail.name, detail.version)}
      onSubmit={event => {
        event.preventDefault();
        if (name && !busy) {
          void write(exists);
        }
      }}
    >
      <div className="jp-ModelpackPanel-field">
        <label htmlFor={`${id}-format`}>{trans.__('As')}</label>
        <select
          id={`${id}-format`}
          aria-describedby={`${id}-meaning`}
          value={format}
          onChange={event => {
            const word = event.target.value;
            const chosen = choices.find(each => each.format === word);
            setFormat(chosen?.format ?? format);
            setTyped(null);
            setProblem(null);
            setWritten(null);
          }}
        >
          {choices.map(each => (
            <option key={each.format} value={each.format}>
              {each.title}
            </option>
          ))}
        </select>
        <div id={`${id}-meaning`} className="jp-ModelpackPanel-advice">
          {choice.meaning}
        </div>
      </div>
      <div className="jp-ModelpackPanel-field">
        <label htmlFor={`${id}-name`}>{trans.__('File name')}</label>
        <input
          id={`${id}-name`}
          type="text"
          className="jp-mod-styled"
          spellCheck={false}
          value={typed ?? proposed}
          title={name}
          onChange={event => {
            setTyped(event.target.value);
            setProblem(null);
          }}
        />
      </div>
      {problem && <Trouble {...problemWords(problem, trans)} />}
      <PrimaryButton disabled={busy || !name} busy={busy}>
        {busy
          ? trans.__('Writing…')
          : exists
            ? trans.__('Replace the file')
            : trans.__('Export')}
      </PrimaryButton>
      <div role="status">
        {written && (
          <div className="jp-ModelpackPanel-line">
            <Mark kind="ok" />
            <MiddleCut text={written.path} />
            <span className="jp-ModelpackPanel-note">
              {formatSize(written.size)}
            </span>
            <LinkButton
              label={trans.__('Show %1 in the file browser', written.path)}
              onClick={() => props.onShowFile(written.path)}
            >
              {trans.__('Show')}
            </LinkButton>
          </div>
        )}
      </div>
    </form>
  );
}
