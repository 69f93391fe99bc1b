'use client';
import type { MouseEvent } from 'react';

/** First stop of the keyboard: jumps over the navigation to the page's list (`data-list`, focusable), else to `main`. */
export function SkipLink() {
  function jump(event: MouseEvent): void {
    const target = document.querySelector<HTMLElement>('main [data-list]') ?? document.querySelector<HTMLElement>('main');
    if (!target) return;
    event.preventDefault();
    target.focus();
    target.scrollIntoView({ block: 'nearest' });
  }
  return (
    <a className="skip" href="#main" onClick={jump}>
      Skip to the list
    </a>
  );
}
