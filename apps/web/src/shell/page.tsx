import type { ReactNode } from 'react';

/** Main part of a page. The skip link leads to the element with `data-list` inside it, else to the whole. */
export function Page({ className, children }: { readonly className?: string; readonly children: ReactNode }) {
  return (
    <main id="main" tabIndex={-1} className={`page ${className ?? ''}`}>
      {children}
    </main>
  );
}
