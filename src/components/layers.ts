/** Where the nodes of a small graph go: each below all that it waits for, and near to them. */

export interface INode {
  name: string;
  after: string[];
}

export interface IPlaced {
  name: string;
  /** Counted from the top. */
  layer: number;
  /** Counted from the left of its layer. */
  place: number;
}

/** The nodes by layer; a circle, which no pipeline has, is broken where it was entered. */
export function layersOf(nodes: readonly INode[]): string[][] {
  const after = new Map(nodes.map(node => [node.name, node.after]));
  const depth = new Map<string, number>();
  const deep = (name: string, above: ReadonlySet<string>): number => {
    const known = depth.get(name);
    if (known !== undefined) {
      return known;
    }
    const within = new Set([...above, name]);
    const found = Math.max(
      -1,
      ...(after.get(name) ?? [])
        .filter(each => after.has(each) && !within.has(each))
        .map(each => deep(each, within))
    );
    depth.set(name, found + 1);
    return found + 1;
  };
  const layers: string[][] = [];
  for (const { name } of nodes) {
    const layer = deep(name, new Set());
    while (layers.length <= layer) {
      layers.push([]);
    }
    layers[layer].push(name);
  }
  return layers.reduce<string[][]>((done, layer) => {
    done.push(ordered(layer, done[done.length - 1] ?? [], after));
    return done;
  }, []);
}

/** Nodes in the order of the middle of what they wait for, so that few lines cross. */
function ordered(
  layer: string[],
  above: string[],
  after: ReadonlyMap<string, string[]>
): string[] {
  const middle = (name: string): number => {
    const places = (after.get(name) ?? [])
      .map(each => above.indexOf(each))
      .filter(place => place >= 0);
    return places.length
      ? places.reduce((sum, place) => sum + place, 0) / places.length
      : above.length;
  };
  return above.length === 0
    ? layer
    : [...layer].sort((a, b) => middle(a) - middle(b));
}
