/** A titled part of the panel, and parts that open on demand. */

import React, { useId, useState } from 'react';

import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';

export function Section(props: {
  title: React.ReactNode;
  aside?: React.ReactNode;
  plain?: boolean;
  children?: React.ReactNode;
}): JSX.Element {
  const id = useId();
  return (
    <section className="jp-ModelpackPanel-section" aria-labelledby={id}>
      <div className="jp-ModelpackPanel-row jp-ModelpackPanel-sectionHead">
        <h3
          id={id}
          className={`jp-ModelpackPanel-title${props.plain ? ' jp-mod-plain' : ''}`}
        >
          {props.title}
        </h3>
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}

/** A link-like button that shows and hides what follows it. */
export function Disclosure(props: {
  label: string;
  open?: boolean;
  onToggle?: (open: boolean) => void;
  children: React.ReactNode;
}): JSX.Element {
  const [open, setOpen] = useState(props.open ?? false);
  const id = useId();
  const Caret = open ? caretDownIcon.react : caretRightIcon.react;
  const toggle = (): void => {
    setOpen(!open);
    props.onToggle?.(!open);
  };
  return (
    <>
      <button
        type="button"
        className="jp-ModelpackPanel-link jp-ModelpackPanel-disclosure"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={toggle}
      >
        <Caret tag="span" className="jp-ModelpackPanel-caret" />
        {props.label}
      </button>
      {open && (
        <div id={id} className="jp-ModelpackPanel-disclosed">
          {props.children}
        </div>
      )}
    </>
  );
}
