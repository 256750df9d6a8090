import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, fireEvent, render } from '@testing-library/react';
import React from 'react';

import { Earlier } from '../sections/earlier';
import { Exporting } from '../sections/exporting';
import { Header } from '../sections/header';
import { Packaging } from '../sections/packaging';
import { Offers } from '../sections/offers';
import { Result } from '../sections/result';
import { RunForm } from '../sections/runform';
import { Runs } from '../sections/runs';
import { ScheduleForm } from '../sections/scheduleform';
import { Schedules } from '../sections/schedules';
import { info, offers } from '../validate/notebook';
import { packageDetail, packages } from '../validate/package';
import { build, run } from '../validate/work';
import { schedules } from '../validate/schedule';
import { faults } from './axe';
import { but, golden } from './golden';
import { header } from './headerprops';

const trans = nullTranslator.load('jupyter_modelpack');
const detail = packageDetail(golden('package'), '');
const nothing = (): void => undefined;

afterEach(cleanup);

describe('every part', () => {
  const running = but(run(golden('run'), ''), {
    id: 'r2',
    phase: 'Running',
    cell: 7
  });
  const broken = but(run(golden('run'), ''), {
    id: 'r3',
    phase: 'Errored',
    error: { code: 'X', message: 'It broke.', advice: 'Try again.' }
  });
  const drawn: [string, JSX.Element][] = [
    ['Header', <Header {...header} />],
    [
      'Packaging',
      <Packaging
        build={build(golden('build_running'), '')}
        log={null}
        stopping={false}
        trans={trans}
        onStop={nothing}
        onLook={nothing}
      />
    ],
    ...['offers', 'offers_refused'].map((name): [string, JSX.Element] => [
      name,
      <Offers
        offered={{
          value: offers(golden(name), ''),
          problem: null,
          loading: false,
          refresh: async () => undefined
        }}
        ticked={['gpu-quota']}
        trans={trans}
        onTick={nothing}
      />
    ]),
    [
      'Result',
      <Result
        detail={detail}
        trans={trans}
        onReveal={nothing}
        run={
          <RunForm
            detail={detail}
            starting={false}
            problem={null}
            backends={info(golden('info_team'), '').backends}
            offersOf={() => ({
              value: offers(golden('offers'), ''),
              problem: null,
              loading: false,
              refresh: async () => undefined
            })}
            trans={trans}
            onReveal={nothing}
            onRun={nothing}
          />
        }
        schedule={() => (
          <ScheduleForm
            detail={detail}
            busy={false}
            problem={null}
            trans={trans}
            onAdd={nothing}
          />
        )}
        runs={
          <Runs
            runs={[
              running,
              broken,
              run(golden('run'), ''),
              run(golden('run_kubeflow'), ''),
              run(golden('run_kubernetes'), '')
            ]}
            problem={null}
            steps={[]}
            trans={trans}
            logOf={() => ({ text: '', cut: false, problem: null })}
            onLook={nothing}
            onStop={nothing}
            onAgain={nothing}
            onRetry={nothing}
            onOpenNotebook={nothing}
            hrefOf={() => '#'}
            onReveal={nothing}
          />
        }
        export={
          <Exporting
            detail={detail}
            folder=""
            trans={trans}
            onExport={async ({ path }) => ({ path, size: 1 })}
            onShowFile={nothing}
          />
        }
      />
    ],
    [
      'Schedules',
      <Schedules
        schedules={schedules(golden('schedules'))}
        problem={null}
        busy={false}
        trans={trans}
        onRefresh={nothing}
        onEnable={nothing}
        onRemove={nothing}
      />
    ],
    [
      'Earlier',
      <Earlier
        packages={packages(golden('packages')).items}
        hasOlder
        opened={detail}
        trans={trans}
        onOpen={nothing}
        onOlder={nothing}
      />
    ]
  ];

  it.each(drawn)('%s has no fault that axe knows', async (_, element) => {
    const { container } = render(element);
    // Open everything that opens, so that all of it is looked at.
    for (let depth = 0; depth < 3; depth += 1) {
      container
        .querySelectorAll<HTMLElement>('[aria-expanded="false"]')
        .forEach(each => {
          fireEvent.click(each);
        });
    }
    expect(await faults(container)).toEqual([]);
  });
});
