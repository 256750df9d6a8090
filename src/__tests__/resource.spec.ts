/** A value that is read again and again: which answer counts. */

import { Resource } from '../manager/resource';
import { Problem } from '../tokens';

describe('Resource', () => {
  it('shows what is known although more was asked meanwhile', async () => {
    const answers: ((value: string) => void)[] = [];
    const resource = new Resource(
      () => new Promise<string>(resolve => answers.push(resolve))
    );
    const first = resource.refresh();
    const second = resource.refresh();
    answers[0]('old');
    await first;
    expect([resource.value, resource.loading]).toEqual(['old', true]);
    answers[1]('new');
    await second;
    expect([resource.value, resource.loading]).toEqual(['new', false]);
    resource.dispose();
  });

  it('drops an answer that a later answer overtook', async () => {
    const answers: ((value: string) => void)[] = [];
    const resource = new Resource(
      () => new Promise<string>(resolve => answers.push(resolve))
    );
    const first = resource.refresh();
    const second = resource.refresh();
    answers[1]('new');
    await second;
    answers[0]('old');
    await first;
    expect(resource.value).toBe('new');
    expect(resource.loading).toBe(false);
    resource.dispose();
  });

  it('keeps its value beside a problem, and says nothing once disposed', async () => {
    let fail = false;
    const resource = new Resource(async () => {
      if (fail) {
        throw new Problem('CONFLICT', 'No.');
      }
      return 'here';
    });
    await resource.refresh();
    fail = true;
    await resource.refresh();
    expect(resource.value).toBe('here');
    expect(resource.problem?.code).toBe('CONFLICT');
    let said = 0;
    resource.changed.connect(() => (said += 1));
    resource.dispose();
    await resource.refresh();
    expect(said).toBe(0);
  });
});
