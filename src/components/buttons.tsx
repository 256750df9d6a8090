/** Buttons: the one thing to do, the other things to do, links, and one that copies. */

import React, { useEffect, useState } from 'react';

import { Button } from '@jupyterlab/ui-components';

interface IButton {
  children: React.ReactNode;
  onClick?: () => void;
  label?: string;
  disabled?: boolean;
  busy?: boolean;
  pressed?: boolean;
  describedBy?: string;
}

/** The one primary button; without `onClick` it submits its form. Disabled it can still be focused. */
export function PrimaryButton(props: IButton): JSX.Element {
  return (
    <Button
      type={props.onClick ? 'button' : 'submit'}
      className="jp-mod-styled jp-mod-accept jp-ModelpackPanel-primary"
      aria-disabled={props.disabled || undefined}
      aria-busy={props.busy || undefined}
      aria-describedby={props.describedBy}
      onClick={() => {
        if (!props.disabled) {
          props.onClick?.();
        }
      }}
    >
      {props.children}
    </Button>
  );
}

/** A lesser button; when a sentence says why it is disabled, it can still be focused. */
export function QuietButton(props: IButton): JSX.Element {
  const explained = props.disabled && props.describedBy !== undefined;
  return (
    <Button
      type="button"
      className="jp-ModelpackPanel-quiet"
      aria-label={props.label}
      aria-expanded={props.pressed}
      aria-describedby={props.describedBy}
      aria-disabled={explained || undefined}
      disabled={props.disabled && !explained}
      onClick={() => {
        if (!props.disabled) {
          props.onClick?.();
        }
      }}
    >
      {props.children}
    </Button>
  );
}

export function LinkButton(props: IButton): JSX.Element {
  return (
    <button
      type="button"
      className="jp-ModelpackPanel-link"
      aria-label={props.label}
      aria-expanded={props.pressed}
      title={props.label}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}

/** Copies a text to the clipboard, and says so. */
export function CopyButton(props: {
  text: string;
  label: string;
  copy: string;
  copied: string;
}): JSX.Element {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) {
      return;
    }
    const timer = window.setTimeout(() => setDone(false), 2000);
    return () => window.clearTimeout(timer);
  }, [done]);
  const copyText = async (): Promise<void> => {
    await navigator.clipboard.writeText(props.text);
    setDone(true);
  };
  return (
    <>
      <LinkButton label={props.label} onClick={() => void copyText()}>
        {done ? props.copied : props.copy}
      </LinkButton>
      <span className="jp-ModelpackPanel-unseen" role="status">
        {done ? props.copied : ''}
      </span>
    </>
  );
}

/** A lesser link to a page elsewhere, marked as one that opens beside this window. */
export function AwayLink(props: {
  href: string;
  title: string;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <a
      className="jp-ModelpackPanel-link jp-ModelpackPanel-away"
      href={props.href}
      target="_blank"
      rel="noopener noreferrer"
      title={props.title}
    >
      {props.children}
      <span aria-hidden="true">↗</span>
    </a>
  );
}

/** A link to a page elsewhere that is the thing to do here; it opens beside this window. */
export function PageLink(props: {
  href: string;
  children: React.ReactNode;
  describedBy?: string;
}): JSX.Element {
  return (
    <a
      className="jp-ModelpackPanel-page"
      href={props.href}
      target="_blank"
      rel="noopener noreferrer"
      aria-describedby={props.describedBy}
    >
      {props.children}
    </a>
  );
}
