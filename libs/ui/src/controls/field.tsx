'use client';
import { CircleAlert, Eye, EyeOff, Search } from 'lucide-react';
import { type ComponentProps, type ReactNode, useId, useState } from 'react';
import { WordsText } from '../foundation/id-text.js';
import { Button } from './button.js';

export type FieldProps = {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  readonly error?: string | null | undefined;
  readonly large?: boolean;
  readonly mono?: boolean;
};

function describe(id: string, { hint, error }: Pick<FieldProps, 'hint' | 'error'>): Record<string, string | boolean> {
  const ids = [error ? `${id}-e` : '', hint ? `${id}-h` : ''].filter(Boolean).join(' ');
  return { ...(ids && { 'aria-describedby': ids }), ...(error && { 'aria-invalid': true }) };
}

function Frame({ id, label, hint, error, children }: FieldProps & { readonly id: string; readonly children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {error ? <ErrorLine id={`${id}-e`}>{error}</ErrorLine> : null}
      {hint ? (
        <span className="hint" id={`${id}-h`}>
          {hint}
        </span>
      ) : null}
    </div>
  );
}

export function ErrorLine({ id, children }: { readonly id?: string; readonly children: ReactNode }) {
  return (
    <p className="error-line" id={id} role="alert">
      <CircleAlert className="icon small" aria-hidden />
      <span>{typeof children === 'string' ? <WordsText text={children} /> : children}</span>
    </p>
  );
}

const inputClass = (large: boolean, mono: boolean): string => `input${large ? ' large' : ''}${mono ? ' mono' : ''}`;

/** Label above, input, error, hint; error and hint are joined to the input. */
export function TextField({ label, hint, error, large = false, mono = false, ...input }: FieldProps & Omit<ComponentProps<'input'>, 'id'>) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <input autoComplete="off" {...input} id={id} className={inputClass(large, mono)} {...describe(id, { hint, error })} />
    </Frame>
  );
}

export function PasswordField({ label, hint, error, large = false, ...input }: FieldProps & Omit<ComponentProps<'input'>, 'id' | 'type'>) {
  const id = useId();
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <div className="password">
        <input
          autoComplete="off"
          {...input}
          id={id}
          type={shown ? 'text' : 'password'}
          className={inputClass(large, false)}
          {...describe(id, { hint, error })}
        />
        <Button square aria-label={shown ? 'Hide what is typed' : 'Show what is typed'} aria-pressed={shown} onClick={() => setShown(!shown)}>
          <Icon className="icon" aria-hidden />
        </Button>
      </div>
    </Frame>
  );
}

export function SelectField({ label, hint, error, large = false, children, ...select }: FieldProps & Omit<ComponentProps<'select'>, 'id'>) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <select {...select} id={id} className={inputClass(large, false)} {...describe(id, { hint, error })}>
        {children}
      </select>
    </Frame>
  );
}

export function CheckField({ label, hint, ...input }: { readonly label: ReactNode; readonly hint?: ReactNode } & ComponentProps<'input'>) {
  return (
    <label className="check">
      <input {...input} type="checkbox" />
      <span>
        {label}
        {hint ? <span className="hint">{hint}</span> : null}
      </span>
    </label>
  );
}

/** Filter of a list; `/` puts the focus here, Esc clears and leaves it. */
export function SearchField({
  label,
  value,
  placeholder,
  onChange,
  className,
}: {
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  readonly onChange: (value: string) => void;
  readonly className?: string;
}) {
  return (
    <div className={`search ${className ?? ''}`}>
      <Search className="icon" aria-hidden />
      <input
        type="search"
        data-search
        className="input"
        aria-label={label}
        placeholder={placeholder}
        autoComplete="off"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          onChange('');
          event.currentTarget.blur();
        }}
      />
      <kbd aria-hidden>/</kbd>
    </div>
  );
}
