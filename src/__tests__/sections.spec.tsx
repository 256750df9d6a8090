import { nullTranslator } from '@jupyterlab/translation';
import {
  cleanup,
  fireEvent,
  render,
  screen,
  within
} from '@testing-library/react';
import React from 'react';

import { Exporting } from '../sections/exporting';
import { Findings, mergeFindings } from '../sections/findings';
import { Header, IOptions } from '../sections/header';
import { Packaging } from '../sections/packaging';
import { RunForm } from '../sections/runform';
import { IRunRequest, Problem } from '../tokens';
import { inspection } from '../validate/notebook';
import { packageDetail } from '../validate/package';
import { build } from '../validate/work';
import { but, golden } from './golden';
import { header } from './headerprops';

const trans = nullTranslator.load('jupyter_modelpack');
const detail = packageDetail(golden('package'), '');
const nothing = (): void => undefined;

afterEach(cleanup);

describe('Header', () => {
  it('says when there is nothing to package, and then does nothing', () => {
    let clicks = 0;
    render(
      <Header
        {...header}
        standing="unchanged"
        onPackage={() => (clicks += 1)}
      />
    );
    const button = screen.getByRole('button', { name: 'Nothing to package' });
    fireEvent.click(button);
    expect(clicks).toBe(0);
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect(screen.getByRole('status').textContent).toBe(
      'Nothing changed since 1.2.0.'
    );
  });

  it('packages what has unsaved changes', () => {
    let clicks = 0;
    render(
      <Header
        {...header}
        standing="unchanged"
        dirty
        onPackage={() => (clicks += 1)}
      />
    );
    fireEvent.click(screen.getByRole('button', { name: 'Package' }));
    expect(clicks).toBe(1);
  });

  it('lets only a run use the network', () => {
    const { rerender } = render(<Header {...header} />);
    fireEvent.click(screen.getByRole('button', { name: 'Options' }));
    expect(screen.getAllByRole('checkbox')).toHaveLength(2);
    rerender(
      <Header {...header} options={{ ...header.options, verify: false }} />
    );
    expect(screen.getAllByRole('checkbox')).toHaveLength(1);
  });

  it('offers settings that the notebook reads, and a line that has a name', () => {
    const chosen: IOptions[] = [];
    const onOptions = (options: IOptions): void => void chosen.push(options);
    const options = { ...header.options, line: 'No Line' };
    const props = { ...header, options, onOptions, reads: ['API_URL'] };
    render(<Header {...props} />);
    fireEvent.click(screen.getByRole('button', { name: 'Options' }));
    fireEvent.click(screen.getByLabelText('Give it API_URL'));
    const line = screen.getByLabelText('Only trying? Name it');
    expect(line.getAttribute('aria-invalid')).toBe('true');
    fireEvent.change(line, { target: { value: 'try-xgboost' } });
    expect(chosen.map(each => [each.settings, each.line])).toEqual([
      [['API_URL'], 'No Line'],
      [[], 'try-xgboost']
    ]);
  });
});

describe('Findings', () => {
  const { findings } = inspection(golden('inspection'), '');
  const refused = build(golden('build_refused'), '').findings;

  it('puts what stops it first, and goes to its cell', () => {
    const cells: number[] = [];
    render(
      <Findings
        findings={mergeFindings(findings, refused)}
        looked=""
        trans={trans}
        onReveal={cell => cells.push(cell)}
      />
    );
    const lines = screen.getAllByRole('listitem');
    expect(
      lines.map(line => within(line).getByRole('button').textContent)
    ).toEqual(['cell 4', 'cell 2', 'cell 1']);
    expect(lines[0].textContent).toContain('Stops it:');
    fireEvent.click(screen.getByRole('button', { name: 'Go to cell 4' }));
    expect(cells).toEqual([4]);
  });

  it('never shows what is blocking behind a link', () => {
    const many = Array.from({ length: 9 }, (_, index) =>
      but(refused[0], { cell: index + 1 })
    );
    render(
      <Findings
        findings={[...many, ...findings]}
        looked=""
        trans={trans}
        onReveal={nothing}
      />
    );
    expect(screen.getAllByRole('listitem')).toHaveLength(9);
    fireEvent.click(screen.getByRole('button', { name: 'Show 2 more' }));
    expect(screen.getAllByRole('listitem')).toHaveLength(11);
  });

  it('shows hostile text as text', () => {
    const { container } = render(
      <Findings
        findings={[
          but(refused[0], { message: '`<b>x</b>` <img src=x onerror=a()>' })
        ]}
        looked=""
        trans={trans}
        onReveal={nothing}
      />
    );
    expect(container.querySelector('img, b')).toBeNull();
    expect(container.querySelector('code')?.textContent).toBe('<b>x</b>');
  });
});

describe('Packaging', () => {
  it('shows progress and can be stopped', () => {
    let stops = 0;
    render(
      <Packaging
        build={build(golden('build_running'), '')}
        log={null}
        stopping={false}
        trans={trans}
        onStop={() => (stops += 1)}
        onLook={nothing}
      />
    );
    const bar = screen.getByRole('progressbar', { name: 'Run it, sealed' });
    expect(bar.getAttribute('aria-valuenow')).toBe('50');
    fireEvent.click(screen.getByRole('button', { name: 'Stop packaging' }));
    expect(stops).toBe(1);
  });

  it('reads the log only while it is open', () => {
    const looks: boolean[] = [];
    render(
      <Packaging
        build={build(golden('build_running'), '')}
        log={{ text: 'hello\n', cut: false, problem: null }}
        stopping={false}
        trans={trans}
        onStop={nothing}
        onLook={looking => looks.push(looking)}
      />
    );
    expect(looks).toEqual([]);
    const toggle = screen.getByRole('button', { name: 'Log' });
    fireEvent.click(toggle);
    expect(screen.getByRole('log').textContent).toBe('hello\n');
    fireEvent.click(toggle);
    expect(looks).toEqual([true, false]);
  });

  it('does not say twice what stops it', () => {
    render(
      <Packaging
        build={build(golden('build_refused'), '')}
        log={null}
        stopping={false}
        trans={trans}
        onStop={nothing}
        onLook={nothing}
      />
    );
    expect(screen.getByRole('alert').textContent).toBe(
      'Not packaged: 1 thing above stops it.'
    );
  });
});

describe('RunForm', () => {
  function draw(requests: IRunRequest[]): void {
    render(
      <RunForm
        detail={detail}
        starting={false}
        problem={null}
        backends={[]}
        offersOf={() => ({
          value: null,
          problem: null,
          loading: true,
          refresh: async () => undefined
        })}
        trans={trans}
        onReveal={nothing}
        onRun={request => requests.push(request)}
      />
    );
  }

  it('sends only what was changed, with its type, and no network', () => {
    const requests: IRunRequest[] = [];
    draw(requests);
    fireEvent.change(screen.getByLabelText('threshold'), {
      target: { value: '0.5' }
    });
    fireEvent.click(screen.getByLabelText('balanced'));
    fireEvent.change(screen.getByLabelText('columns'), {
      target: { value: '["age"]' }
    });
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));
    expect(requests).toEqual([
      {
        name: 'churn',
        version: '1.3.0',
        parameters: { threshold: 0.5, balanced: false, columns: ['age'] },
        network: false
      }
    ]);
  });

  it('gives a setting by its name, when it is ticked', () => {
    const requests: IRunRequest[] = [];
    draw(requests);
    const [name] = detail.settings;
    fireEvent.click(screen.getByLabelText(`Give it ${name}`));
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));
    expect(requests[0].settings).toEqual([name]);
    fireEvent.click(screen.getByLabelText(`Give it ${name}`));
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));
    expect(requests[1]).not.toHaveProperty('settings');
  });

  it('says what is wrong with a value, and does not run', () => {
    const requests: IRunRequest[] = [];
    draw(requests);
    const field = screen.getByLabelText('max_iter');
    fireEvent.change(field, { target: { value: '4.5' } });
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(screen.getByText('Write a whole number, such as 42.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: '1 value to correct' }));
    expect(requests).toEqual([]);
  });
});

describe('Exporting', () => {
  it('proposes a name, offers to replace a file, and says what it wrote', async () => {
    const asked: boolean[] = [];
    render(
      <Exporting
        detail={detail}
        folder="models"
        trans={trans}
        onExport={async request => {
          asked.push(request.overwrite);
          if (!request.overwrite) {
            throw new Problem('CONFLICT', 'There is such a file already.');
          }
          return { path: request.path, size: 12_000 };
        }}
        onShowFile={nothing}
      />
    );
    fireEvent.change(screen.getByLabelText('As'), {
      target: { value: 'kubeflow' }
    });
    fireEvent.click(screen.getByRole('button', { name: 'Export' }));
    await screen.findByText('There is such a file already.');
    fireEvent.click(screen.getByRole('button', { name: 'Replace the file' }));
    await screen.findByTitle('models/churn-1.3.0.pipeline.yaml');
    expect(asked).toEqual([false, true]);
  });
});
