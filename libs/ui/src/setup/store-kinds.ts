import type { StoreKindDto } from '@wardrobe/contracts';

/** The kind that a location is of by what it begins with; null where it says nothing. */
export function kindOfLocation(kinds: readonly StoreKindDto[], location: string): StoreKindDto | null {
  const scheme = /^([A-Za-z0-9+.-]{2,}):/.exec(location.trim())?.[1];
  if (scheme === undefined) return location.trim().startsWith('/') ? (kinds.find(({ name }) => name === 'fs') ?? null) : null;
  return kinds.find(({ schemes }) => schemes.includes(scheme)) ?? null;
}

/** The location with the scheme of its kind, where it was typed without one. */
export function wholeLocation(kind: StoreKindDto | null, location: string): string {
  const text = location.trim();
  const [scheme] = kind?.schemes ?? [];
  if (scheme === undefined || scheme === 'fs' || text === '' || /^[A-Za-z0-9+.-]{2,}:\D/.test(text)) return text;
  return scheme === 'ptar' ? `ptar:${text}` : `${scheme}://${text}`;
}
