import { inspection, info, problem } from '../validate/notebook';
import { packageDetail, packages } from '../validate/package';
import { record, ShapeError } from '../validate/shape';
import { build, progressEvent, run } from '../validate/work';
import { golden } from './golden';

describe('the contract with the server', () => {
  it('reads the golden answers', () => {
    expect(info(golden('info'), '').isolation?.sealed).toBe(true);
    expect(inspection(golden('inspection'), '')).toMatchObject({
      name: 'churn',
      cells: 12,
      unchanged: { name: 'churn', version: '1.3.0' }
    });
    expect(
      packages(golden('packages')).items.map(each => each.version)
    ).toEqual(['1.3.0', '1.2.0']);
    expect(packageDetail(golden('package'), '').seconds).not.toHaveProperty(
      'publish'
    );
    expect(run(golden('run'), '').outputs[0].path).toBe('scores.csv');
    const { error } = record({ error: problem })(golden('error'), '');
    expect(error.code).toBe('PACKAGE_UNKNOWN');
  });

  it.each([
    ['build_running', 'Running'],
    ['build_done', 'Succeeded'],
    ['build_refused', 'Failed']
  ])('reads %s', (name, phase) => {
    const read = build(golden(name), '');
    expect(read.phase).toBe(phase);
    expect(read.steps.map(step => step.name)).toEqual([
      'read',
      'inspect',
      'environment',
      'image',
      'verify',
      'publish',
      'job'
    ]);
  });

  it.each([
    [{ ...(golden('inspection') as object), cells: 'twelve' }, 'cells'],
    [{ ...(golden('inspection') as object), findings: {} }, 'findings'],
    [
      {
        ...(golden('inspection') as object),
        findings: [{ code: 'x', severity: 'mild', message: 'y' }]
      },
      'findings[0].severity'
    ],
    [null, 'The answer']
  ])('names what differs', (value, place) => {
    const reading = (): unknown => inspection(value, '');
    expect(reading).toThrow(ShapeError);
    expect(reading).toThrow(place);
  });

  it('takes a build that waits for its turn', () => {
    const waiting = {
      ...(golden('build_running') as object),
      phase: 'Pending',
      steps: null,
      findings: null,
      started: null
    };
    expect(build(waiting, '')).toMatchObject({ steps: [], findings: [] });
  });

  it('drops what it does not know, and takes no event for another', () => {
    expect(
      progressEvent({ kind: 'run', id: 'r', phase: 'Running', step: '' }, '')
    ).toEqual({ kind: 'run', id: 'r' });
    expect(() => progressEvent({ kind: 'job', id: 'r' }, '')).toThrow();
  });
});
