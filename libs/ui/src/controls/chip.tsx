import type { Cell } from '@wardrobe/words';
import type { ReactNode } from 'react';
import { Anchor } from '../foundation/link.js';

/** A filter that is on or off. */
export function Chip({
  pressed,
  onPress,
  cell,
  children,
}: {
  readonly pressed: boolean;
  readonly onPress: () => void;
  readonly cell?: Cell;
  readonly children: ReactNode;
}) {
  return (
    <button type="button" className="chip" aria-pressed={pressed} onClick={onPress} data-cell={cell}>
      {children}
    </button>
  );
}

export type SegmentItem<T extends string> = { readonly value: T; readonly label: ReactNode };

/** One of few. */
export function Segment<T extends string>({
  label,
  items,
  value,
  onChange,
}: {
  readonly label: string;
  readonly items: readonly SegmentItem<T>[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}) {
  return (
    <fieldset className="segment">
      <legend className="sr">{label}</legend>
      {items.map((item) => (
        <button key={item.value} type="button" aria-pressed={item.value === value} onClick={() => onChange(item.value)}>
          {item.label}
        </button>
      ))}
    </fieldset>
  );
}

/** The same with links: parts of a page that have their own address. */
export function SegmentNav({
  label,
  items,
  current,
}: {
  readonly label: string;
  readonly items: readonly { readonly href: string; readonly label: ReactNode }[];
  readonly current: string;
}) {
  return (
    <nav className="segment" aria-label={label}>
      {items.map((item) => (
        <Anchor key={item.href} href={item.href} aria-current={item.href === current ? 'page' : undefined}>
          {item.label}
        </Anchor>
      ))}
    </nav>
  );
}
