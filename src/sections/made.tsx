/** What each step of a run measured and made, with the pages on which its backend keeps it. */

import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { AwayLink } from '../components/buttons';
import { More, useFirst } from '../components/more';
import { MiddleCut } from '../components/words';
import { IArtifact, IRunStep } from '../tokens';
import { Metrics } from './result';

const SHOWN = 12;

/** Absent where nothing is known of what they made. */
export function StepsMade(props: {
  steps: IRunStep[];
  trans: TranslationBundle;
}): JSX.Element | null {
  const { trans } = props;
  const steps = props.steps.filter(
    each => each.artifacts.length > 0 || Object.keys(each.metrics).length > 0
  );
  const { more, rest, shown } = useFirst(steps, SHOWN);
  return steps.length === 0 ? null : (
    <>
      <ul
        className="jp-ModelpackPanel-list jp-ModelpackPanel-made"
        aria-label={trans.__('What the steps made')}
      >
        {shown.map(step => (
          <li key={step.name}>
            <MiddleCut text={step.name} />
            <Metrics values={step.metrics} />
            <div className="jp-ModelpackPanel-links">
              {step.artifacts.map(each => (
                <Artifact
                  key={each.link}
                  step={step.name}
                  artifact={each}
                  trans={trans}
                />
              ))}
            </div>
          </li>
        ))}
      </ul>
      <More
        rest={rest}
        words={count =>
          trans._n('Show %1 more step', 'Show %1 more steps', count)
        }
        onMore={more}
      />
    </>
  );
}

function Artifact(props: {
  step: string;
  artifact: IArtifact;
  trans: TranslationBundle;
}): JSX.Element {
  const { artifact, step, trans } = props;
  const { link, name } = artifact;
  const word =
    name === 'executed_notebook' ? trans.__('notebook as it ran') : name;
  return /^https?:/.test(link) ? (
    <AwayLink
      href={link}
      title={trans.__('%1 of %2, on its page in Kubeflow', word, step)}
    >
      {word}
    </AwayLink>
  ) : (
    <span>{word}</span>
  );
}
