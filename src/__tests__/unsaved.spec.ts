/** What counts as unsaved: cells, tags and counts, and not what a kernel says of itself. */

import { essence } from '../panel/unsaved';

const cell = {
  cell_type: 'code',
  source: 'x = 1\ny = 2',
  execution_count: 1,
  metadata: { tags: ['check'] }
};

describe('essence', () => {
  it('is the same however the source is split and whatever else there is', () => {
    const split = {
      cells: [
        {
          ...cell,
          source: ['x = 1\n', 'y = 2'],
          outputs: [],
          metadata: { tags: ['check'], collapsed: true }
        }
      ],
      metadata: { language_info: { name: 'python', version: '3.11.7' } }
    };
    expect(essence(split)).toBe(essence({ cells: [cell] }));
  });

  it.each([
    [{ source: 'x = 2' }],
    [{ metadata: { tags: [] } }],
    [{ execution_count: 2 }],
    [{ cell_type: 'markdown' }]
  ])('differs when a cell has %j', change => {
    expect(essence({ cells: [{ ...cell, ...change }] })).not.toBe(
      essence({ cells: [cell] })
    );
  });

  it('takes a notebook without cells', () => {
    expect(essence({})).toBe('[]');
  });
});
