/** A small graph from top to bottom: boxes in layers, and lines from what comes before. */

import React from 'react';

import { layersOf } from './layers';
import { MarkKind, MarkShape } from './mark';

export interface IGraphNode {
  name: string;
  after: string[];
  /** The second line of the box. */
  note: string;
  /** What a screen reader says for the box. */
  label: string;
  mark: MarkKind | null;
  onOpen?: () => void;
}

const [BOX, HIGH, GAP, DOWN, EDGE] = [116, 38, 12, 24, 2];
/** Characters that fit a line of a box, in the widest letters that names have. */
const NAME = 13;

export function Graph(props: {
  label: string;
  nodes: IGraphNode[];
}): JSX.Element {
  const layers = layersOf(props.nodes);
  const most = Math.max(1, ...layers.map(layer => layer.length));
  const width = most * (BOX + GAP) - GAP + 2 * EDGE;
  const height = layers.length * (HIGH + DOWN) - DOWN + 2 * EDGE;
  const spots = new Map<string, [number, number]>();
  layers.forEach((layer, row) => {
    const left = (width - layer.length * (BOX + GAP) + GAP) / 2;
    layer.forEach((name, place) =>
      spots.set(name, [left + place * (BOX + GAP), EDGE + row * (HIGH + DOWN)])
    );
  });
  return (
    <div
      className="jp-ModelpackPanel-graph"
      role="group"
      aria-label={props.label}
    >
      <svg
        viewBox={`0 0 ${width} ${height}`}
        style={{ width, height: 'auto' }}
        focusable="false"
      >
        {props.nodes.flatMap(node =>
          node.after.map(before => (
            <Edge
              key={`${before} ${node.name}`}
              from={spots.get(before)}
              to={spots.get(node.name)}
            />
          ))
        )}
        {props.nodes.map(node => (
          <Box key={node.name} node={node} at={spots.get(node.name)} />
        ))}
      </svg>
    </div>
  );
}

function Edge(props: {
  from: [number, number] | undefined;
  to: [number, number] | undefined;
}): JSX.Element | null {
  const { from, to } = props;
  if (!from || !to) {
    return null;
  }
  const [x1, y1, x2, y2] = [
    from[0] + BOX / 2,
    from[1] + HIGH,
    to[0] + BOX / 2,
    to[1] - 5
  ];
  const bend = (y2 - y1) / 2;
  return (
    <g className="jp-ModelpackPanel-edge" aria-hidden="true">
      <path
        d={`M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`}
      />
      <path
        className="jp-mod-solid"
        d={`M${x2 - 3.5} ${y2}h7L${x2} ${y2 + 5}Z`}
      />
    </g>
  );
}

function Box(props: {
  node: IGraphNode;
  at: [number, number] | undefined;
}): JSX.Element | null {
  const { at, node } = props;
  if (!at) {
    return null;
  }
  const [x, y] = at;
  const text = x + (node.mark ? 26 : 10);
  return (
    <g
      className={`jp-ModelpackPanel-box${node.mark ? ` jp-mod-${node.mark}` : ''}`}
      role={node.onOpen ? 'button' : 'img'}
      tabIndex={node.onOpen ? 0 : undefined}
      aria-label={node.label}
      onClick={node.onOpen}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          node.onOpen?.();
        }
      }}
    >
      <title>{node.label}</title>
      <rect x={x} y={y} width={BOX} height={HIGH} rx="4" />
      {node.mark && (
        <svg
          className={`jp-ModelpackPanel-boxMark jp-mod-${node.mark}`}
          x={x + 8}
          y={y + 6}
          width="12"
          height="12"
          viewBox="0 0 14 14"
        >
          <MarkShape kind={node.mark} />
        </svg>
      )}
      <text x={text} y={y + 16}>
        {shortened(node.name, node.mark ? NAME - 2 : NAME)}
      </text>
      <text x={text} y={y + 30} className="jp-ModelpackPanel-boxNote">
        {shortened(node.note, node.mark ? NAME - 1 : NAME + 2)}
      </text>
    </g>
  );
}

/** A name cut in its middle; the whole of it is on hover. */
function shortened(text: string, most: number): string {
  return text.length <= most
    ? text
    : `${text.slice(0, most - 5)}…${text.slice(-4)}`;
}
