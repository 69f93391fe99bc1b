'use client';
import { useEffect, useRef } from 'react';

/** First stop of the keyboard: jumps over the navigation to the page's list (`data-list`, focusable), else to `main`. */
export function SkipLink() {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    const element = link.current;
    element?.addEventListener('click', jump);
    return () => element?.removeEventListener('click', jump);
  }, []);
  return (
    <a ref={link} className="skip" href="#main">
      Skip to the list
    </a>
  );
}

function jump(event: MouseEvent): void {
  const target = document.querySelector<HTMLElement>('main [data-list]') ?? document.querySelector<HTMLElement>('main');
  if (!target) return;
  event.preventDefault();
  target.focus();
  target.scrollIntoView({ block: 'nearest' });
}
