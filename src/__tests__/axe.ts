import axe from 'axe-core';

/** What axe finds in a drawn part; contrast needs a real browser, and is looked at there. */
export async function faults(node: Element): Promise<string[]> {
  const { violations } = await axe.run(node, {
    rules: { 'color-contrast': { enabled: false }, region: { enabled: false } }
  });
  return violations.map(each => `${each.id}: ${each.nodes[0].html}`);
}
