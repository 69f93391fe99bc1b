'use client';
import { usePathname, useSearchParams } from 'next/navigation';
import { useCallback } from 'react';

export type UrlPatch = Readonly<Record<string, string | number | null | undefined>>;

/** Query of an address with some values set; null, undefined and '' take a value away. */
export function patchedQuery(query: string, patch: UrlPatch): string {
  const next = new URLSearchParams(query);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === undefined || value === '') next.delete(key);
    else next.set(key, String(value));
  }
  return next.toString();
}

/**
 * The view's state in the query of the address. `set` replaces the entry of the history (filters while typing), `push` adds one (opening something),
 * both without asking the server again.
 */
export function useUrlState(): { readonly params: URLSearchParams; readonly set: (patch: UrlPatch) => void; readonly push: (patch: UrlPatch) => void } {
  const params = useSearchParams();
  const pathname = usePathname();
  const go = useCallback(
    (kind: 'pushState' | 'replaceState', patch: UrlPatch) => {
      const query = patchedQuery(window.location.search, patch);
      window.history[kind](null, '', query === '' ? pathname : `${pathname}?${query}`);
    },
    [pathname],
  );
  const set = useCallback((patch: UrlPatch) => go('replaceState', patch), [go]);
  const push = useCallback((patch: UrlPatch) => go('pushState', patch), [go]);
  return { params, set, push };
}
