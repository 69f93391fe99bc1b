'use client';
import { usePathname, useSearchParams } from 'next/navigation';
import { useCallback, useMemo, useSyncExternalStore } from 'react';

export type UrlPatch = Readonly<Record<string, string | number | null | undefined>>;

const CHANGED = 'wardrobe-url';

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
 * both without asking the server again. The address itself is read, not the router's later copy of it: a field bound to it keeps every keystroke.
 */
export function useUrlState(): { readonly params: URLSearchParams; readonly set: (patch: UrlPatch) => void; readonly push: (patch: UrlPatch) => void } {
  const routed = useSearchParams().toString();
  const pathname = usePathname();
  const query = useSyncExternalStore(subscribe, currentQuery, () => routed);
  const params = useMemo(() => new URLSearchParams(query), [query]);
  const go = useCallback(
    (kind: 'pushState' | 'replaceState', patch: UrlPatch) => {
      const next = patchedQuery(window.location.search, patch);
      window.history[kind](null, '', next === '' ? pathname : `${pathname}?${next}`);
      window.dispatchEvent(new Event(CHANGED));
    },
    [pathname],
  );
  const set = useCallback((patch: UrlPatch) => go('replaceState', patch), [go]);
  const push = useCallback((patch: UrlPatch) => go('pushState', patch), [go]);
  return { params, set, push };
}

function currentQuery(): string {
  return new URLSearchParams(window.location.search).toString();
}

function subscribe(onChange: () => void): () => void {
  window.addEventListener('popstate', onChange);
  window.addEventListener(CHANGED, onChange);
  return () => {
    window.removeEventListener('popstate', onChange);
    window.removeEventListener(CHANGED, onChange);
  };
}
