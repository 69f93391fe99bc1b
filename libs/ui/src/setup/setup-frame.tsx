'use client';
import { Check, SunMoon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '../controls/button.js';
import { Mark } from '../foundation/mark.js';

/** A page without navigation: mark, theme, content. */
export function SetupFrame({ narrow = false, onTheme, children }: { readonly narrow?: boolean; readonly onTheme: () => void; readonly children: ReactNode }) {
  return (
    <main id="main" tabIndex={-1} className={`page setup${narrow ? ' narrow' : ''}`}>
      <header className="setup-head">
        <span className="brand">
          <Mark />
          Wardrobe
        </span>
        <Button look="quiet" square aria-label="Light or dark" onClick={onTheme}>
          <SunMoon className="icon" aria-hidden />
        </Button>
      </header>
      {children}
    </main>
  );
}

const STEPS = ['Administrator', 'Connect a store', 'Add machines'] as const;

/** Where one is in setting up; `current` counts from 1. */
export function SetupSteps({ current }: { readonly current: 1 | 2 | 3 }) {
  return (
    <ol className="steps" aria-label="Setup">
      {STEPS.map((step, index) => (
        <li key={step} className={index + 1 < current ? 'done' : undefined} {...(index + 1 === current && { 'aria-current': 'step' as const })}>
          {index + 1 < current ? <Check className="icon small" aria-label="done" /> : <b>{index + 1}</b>}
          <span>{step}</span>
        </li>
      ))}
    </ol>
  );
}
