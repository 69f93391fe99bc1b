'use client';
import type { ProblemDto } from '@wardrobe/contracts';
import { CircleAlert, Lock, type LucideIcon } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { Button } from '../controls/button.js';
import { WordsText } from '../foundation/id-text.js';

/** Nothing there yet: what that means and the way on. */
export function EmptyState({
  icon: Icon,
  fact,
  children,
  actions,
}: {
  readonly icon: LucideIcon;
  readonly fact: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}) {
  return (
    <div className="center-state">
      <Icon strokeWidth={1.5} aria-hidden />
      <p>
        <b>{fact}</b>
        {children ? <br /> : null}
        {children}
      </p>
      {actions ? <div className="row-flex">{actions}</div> : null}
    </div>
  );
}

/** Rows in the layout of what comes; after 10 s it says why and offers a way out. */
export function LoadingRows({ what, rows = 6, onRetry }: { readonly what: string; readonly rows?: number; readonly onRetry?: () => void }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 10_000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div role="status" aria-label={`Reading ${what}`}>
      {Array.from({ length: rows }, (_, row) => (
        <div className="skel-row" key={row}>
          <span className="skel" />
          <span className="skel" />
          <span className="skel" />
        </div>
      ))}
      {slow ? (
        <div className="row-flex p-3 text-sm">
          <span className="muted">Still reading {what}. The server has not answered for 10 s.</span>
          {onRetry ? (
            <Button small onClick={onRetry}>
              Ask again
            </Button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

/** A failure that fills a page or a panel: what happened, what to do. `detail` is one click away, never raw. */
export function ProblemState({ problem, onRetry, actions }: { readonly problem: ProblemDto; readonly onRetry?: () => void; readonly actions?: ReactNode }) {
  const Icon = problem.code === 'forbidden' || problem.code === 'permission' ? Lock : CircleAlert;
  return (
    <div className="center-state" role="alert">
      <Icon strokeWidth={1.5} aria-hidden />
      <p>
        <b>
          <WordsText text={problem.sentence} />
        </b>
        <br />
        <WordsText text={problem.next} />
      </p>
      {problem.detail ? (
        <details>
          <summary>Details</summary>
          <p className="mono">{problem.detail}</p>
        </details>
      ) : null}
      <div className="row-flex">
        {onRetry && problem.code !== 'forbidden' ? <Button onClick={onRetry}>Try again</Button> : null}
        {actions}
      </div>
    </div>
  );
}
