/** A small line of numbers; it says nothing that the numbers beside it do not. */

import React from 'react';

const WIDTH = 120;
const HEIGHT = 24;
const EDGE = 4;

export function Spark(props: {
  values: number[];
  label: string;
}): JSX.Element | null {
  const { values } = props;
  if (values.length < 2) {
    return null;
  }
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const points = values.map((value, index) => [
    EDGE + (index * (WIDTH - 2 * EDGE)) / (values.length - 1),
    HEIGHT - EDGE - ((value - low) / span) * (HEIGHT - 2 * EDGE)
  ]);
  const [x, y] = points[points.length - 1];
  return (
    <svg
      className="jp-ModelpackPanel-spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={props.label}
    >
      <polyline
        points={points.map(point => point.map(Math.round).join(',')).join(' ')}
      />
      <circle cx={x} cy={y} r="3" />
    </svg>
  );
}
