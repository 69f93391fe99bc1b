'use client';
import type { StoreKindDto } from '@wardrobe/contracts';
import { PasswordField, SelectField, TextField } from '../controls/field.js';

type Option = StoreKindDto['options'][number];
export type OptionValues = Readonly<Record<string, string>>;
type FieldsProps = {
  readonly options: readonly Option[];
  readonly values: OptionValues;
  readonly onChange: (values: OptionValues) => void;
  /** Values that are kept already are not shown: what is left empty stays as it is. */
  readonly kept?: boolean;
};

/** Options of a kind of store, from its own description; those that few need are folded away. */
export function StoreOptionFields({ options, ...rest }: FieldsProps) {
  const plain = options.filter(({ advanced }) => advanced !== true);
  const advanced = options.filter((option) => option.advanced === true);
  return (
    <>
      <Fields options={plain} {...rest} />
      {advanced.length === 0 ? null : (
        <details className="fold">
          <summary>More options ({advanced.length})</summary>
          <Fields options={advanced} {...rest} />
        </details>
      )}
    </>
  );
}

function Fields({ options, values, onChange, kept = false }: FieldsProps) {
  return options.map((option) => (
    <OptionField
      key={option.name}
      option={option}
      kept={kept}
      value={values[option.name] ?? ''}
      onChange={(value) => {
        const { [option.name]: _before, ...others } = values;
        onChange(value === '' ? others : { ...others, [option.name]: value });
      }}
    />
  ));
}

type FieldProps = { readonly option: Option; readonly kept: boolean; readonly value: string; readonly onChange: (value: string) => void };

function OptionField({ option, kept, value, onChange }: FieldProps) {
  const common = {
    label: option.title,
    hint: option.help,
    name: `option-${option.name}`,
    value,
    required: option.required === true && !kept,
    spellCheck: false,
    placeholder: kept ? 'as it is' : option.default,
    onChange: (event: { readonly target: { readonly value: string } }) => onChange(event.target.value),
  };
  if (option.kind === 'secret') return <PasswordField {...common} autoComplete="off" />;
  if (option.kind === 'boolean' || option.kind === 'choice') {
    const choices = option.kind === 'boolean' ? ['true', 'false'] : (option.choices ?? []);
    const { spellCheck: _spell, placeholder, ...select } = common;
    return (
      <SelectField {...select}>
        <option value="">{kept ? 'as it is' : `default${placeholder === undefined ? '' : `: ${wordOf(placeholder)}`}`}</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {wordOf(choice)}
          </option>
        ))}
      </SelectField>
    );
  }
  return <TextField {...common} mono={option.kind === 'file'} inputMode={option.kind === 'number' ? 'numeric' : undefined} />;
}

function wordOf(value: string): string {
  return value === 'true' ? 'yes' : value === 'false' ? 'no' : value;
}
