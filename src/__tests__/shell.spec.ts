/** The frame of the panel, when its content comes, comes late, or does not come. */

import { Widget } from '@lumino/widgets';

import { PanelShell } from '../panel/shell';

const words = { failed: 'It does not answer.', again: 'Try again' };

/** A frame whose content fails to load so often, and how often it was asked for. */
function framed(failures: number): { shell: PanelShell; asked: () => number } {
  let asked = 0;
  const shell = new PanelShell(async () => {
    asked += 1;
    if (asked <= failures) {
      throw new Error('no chunk');
    }
    return new Widget();
  }, words);
  return { shell, asked: () => asked };
}

describe('PanelShell', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('loads once for all who ask', async () => {
    const { shell, asked } = framed(0);
    await Promise.all([shell.fill(), shell.fill()]);
    await shell.fill();
    expect([asked(), shell.widgets.length]).toEqual([1, 1]);
  });

  it('asks again when the server did not answer for a moment', async () => {
    const { shell, asked } = framed(2);
    const both = Promise.all([shell.fill(), shell.fill()]);
    await jest.advanceTimersByTimeAsync(3000);
    await both;
    expect([asked(), shell.widgets.length]).toEqual([3, 1]);
  });

  it('tells all who wait that nothing comes, and offers another try', async () => {
    const { shell, asked } = framed(3);
    const both = Promise.allSettled([shell.fill(), shell.fill()]);
    await jest.advanceTimersByTimeAsync(3000);
    const ends = (await both).map(each => each.status);
    expect(ends).toEqual(['rejected', 'rejected']);
    expect(shell.node.textContent).toBe('It does not answer.Try again');
    shell.node.querySelector('button')?.click();
    await shell.fill();
    expect([asked(), shell.widgets.length]).toEqual([4, 1]);
    expect(shell.node.textContent).toBe('');
  });
});
