/** One field of a form: the value of a parameter, by its type. */

import React, { useId } from 'react';

export interface IFieldProps {
  name: string;
  type: string;
  /** The text in the field; for a truth value "true" or "false". */
  text: string;
  hint: string;
  error: string;
  /** What the browser offers while someone types. */
  suggestions?: string[];
  onChange: (text: string) => void;
}

export function Field(props: IFieldProps): JSX.Element {
  const id = useId();
  const about = `${id}-about`;
  const common = {
    id,
    'aria-describedby': about,
    'aria-invalid': props.error ? true : undefined
  };
  return (
    <div className="jp-ModelpackPanel-field">
      <label htmlFor={id} title={props.name}>
        {props.name}
      </label>
      <Input {...props} common={common} />
      <div
        id={about}
        className={
          props.error ? 'jp-ModelpackPanel-wrong' : 'jp-ModelpackPanel-advice'
        }
      >
        {props.error || props.hint}
      </div>
    </div>
  );
}

function Input(
  props: IFieldProps & { common: React.HTMLAttributes<HTMLElement> }
): JSX.Element {
  const { common, suggestions = [], text, type, onChange } = props;
  if (type === 'bool') {
    return (
      <input
        {...common}
        type="checkbox"
        className="jp-mod-styled"
        checked={text === 'true'}
        onChange={event => onChange(String(event.target.checked))}
      />
    );
  }
  if (type === 'list' || type === 'dict') {
    return (
      <textarea
        {...common}
        className="jp-mod-styled jp-ModelpackPanel-json"
        rows={2}
        spellCheck={false}
        value={text}
        onChange={event => onChange(event.target.value)}
      />
    );
  }
  const input = (
    <input
      {...common}
      type={type === 'time' ? 'time' : 'text'}
      inputMode={type === 'int' || type === 'float' ? 'decimal' : undefined}
      className={`jp-mod-styled${type === 'code' ? ' jp-mod-code' : ''}`}
      list={suggestions.length ? `${common.id}-list` : undefined}
      spellCheck={false}
      value={text}
      onChange={event => onChange(event.target.value)}
    />
  );
  return suggestions.length ? (
    <>
      {input}
      <datalist id={`${common.id}-list`}>
        {suggestions.map(each => (
          <option key={each} value={each} />
        ))}
      </datalist>
    </>
  ) : (
    input
  );
}

/** A box to tick, with what ticking it means below. */
export function Tick(props: {
  label: string;
  meaning: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}): JSX.Element {
  const id = useId();
  const about = `${id}-about`;
  return (
    <div className="jp-ModelpackPanel-tick">
      <input
        id={id}
        type="checkbox"
        className="jp-mod-styled"
        aria-describedby={about}
        checked={props.checked}
        onChange={event => props.onChange(event.target.checked)}
      />
      <div>
        <label htmlFor={id}>{props.label}</label>
        <div id={about} className="jp-ModelpackPanel-advice">
          {props.meaning}
        </div>
      </div>
    </div>
  );
}

/** One of several, from a list that opens. */
export function Choice(props: {
  label: string;
  options: { value: string; text: string }[];
  value: string;
  hint?: string;
  onChange: (value: string) => void;
}): JSX.Element {
  const id = useId();
  const about = `${id}-about`;
  return (
    <div className="jp-ModelpackPanel-field">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        className="jp-mod-styled"
        aria-describedby={props.hint ? about : undefined}
        value={props.value}
        onChange={event => props.onChange(event.target.value)}
      >
        {props.options.map(({ text, value }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      {props.hint && (
        <div id={about} className="jp-ModelpackPanel-advice">
          {props.hint}
        </div>
      )}
    </div>
  );
}
