/** A switch: on or off, at once. */

import React from 'react';

export function Switch(props: {
  label: string;
  on: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
}): JSX.Element {
  return (
    <button
      type="button"
      role="switch"
      className="jp-ModelpackPanel-switch"
      aria-checked={props.on}
      aria-disabled={props.disabled || undefined}
      aria-label={props.label}
      title={props.label}
      onClick={() => {
        if (!props.disabled) {
          props.onChange(!props.on);
        }
      }}
    >
      <span aria-hidden="true" />
    </button>
  );
}
