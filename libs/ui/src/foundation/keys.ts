'use client';
import { useEffect, useRef } from 'react';

export type KeyHandlers = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** True where typing belongs to the element: fields, and anything inside an open dialog or menu. */
export function typesHere(target: EventTarget | null): boolean {
  return (
    target instanceof Element && target.closest('input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], [role="listbox"]') !== null
  );
}

/**
 * Single-key shortcuts of the whole page, by `KeyboardEvent.key`; two keys in a row are written "g m". Ignored while typing, and with Ctrl, Meta or Alt held.
 */
export function useKeys(handlers: KeyHandlers): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    let before = { key: '', at: 0 };
    function onKey(event: KeyboardEvent): void {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typesHere(event.target)) return;
      const pair = event.timeStamp - before.at < 900 ? latest.current[`${before.key} ${event.key}`] : undefined;
      before = { key: event.key, at: event.timeStamp };
      const handler = pair ?? latest.current[event.key];
      if (!handler) return;
      event.preventDefault();
      handler(event);
    }
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

/** `j` and `k` move the focus over the visible links with class `rowlink`; `/` goes to the field marked `data-search`. */
export function useListKeys(active = true): void {
  useKeys(active ? { j: () => stepFocus(1), k: () => stepFocus(-1), '/': focusSearch } : {});
}

function stepFocus(step: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>('main a.rowlink, main [data-rowlink]')].filter((link) => link.offsetParent !== null);
  if (links.length === 0) return;
  const now = document.activeElement instanceof HTMLElement ? links.indexOf(document.activeElement) : -1;
  links[Math.max(0, Math.min(links.length - 1, now + step))]?.focus();
}

function focusSearch(): void {
  document.querySelector<HTMLElement>('[data-search]')?.focus();
}
