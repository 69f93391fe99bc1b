'use client';

const CHOICES = [
  { value: 'system', label: 'As the system says', hint: 'Follows light and dark of this device.' },
  { value: 'light', label: 'Light', hint: '' },
  { value: 'dark', label: 'Dark', hint: '' },
] as const;
export type ThemeName = (typeof CHOICES)[number]['value'];

export function ThemeChoice({ theme, onChange }: { readonly theme: ThemeName; readonly onChange: (theme: ThemeName) => void }) {
  return (
    <fieldset className="theme-choices">
      <legend className="sr">Theme</legend>
      {CHOICES.map((choice) => (
        <label key={choice.value} className="check">
          <input type="radio" name="theme" checked={theme === choice.value} onChange={() => onChange(choice.value)} />
          <span>
            {choice.label}
            {choice.hint ? <span className="hint">{choice.hint}</span> : null}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
