'use client';
import { Check, LoaderCircle, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { RelativeTime } from '../foundation/time.js';

/** Sentence that answers the page's question, detail, freshness, actions. */
export function PageHead({
  sentence,
  children,
  fresh,
  actions,
}: {
  readonly sentence: ReactNode;
  readonly children?: ReactNode;
  readonly fresh?: ReactNode;
  readonly actions?: ReactNode;
}) {
  return (
    <div className="pagehead">
      <div>
        <h1>{sentence}</h1>
        {children ? <p className="sub">{children}</p> : null}
      </div>
      {fresh || actions ? (
        <div className="actions">
          {fresh}
          {actions}
        </div>
      ) : null}
    </div>
  );
}

/** How old the facts on the page are. */
export function Freshness({
  readAt,
  reading = false,
  stale = false,
}: {
  readonly readAt: string | null;
  readonly reading?: boolean;
  readonly stale?: boolean;
}) {
  const Icon = reading ? LoaderCircle : stale ? TriangleAlert : Check;
  return (
    <span className="fresh">
      <Icon className={`icon small${reading ? ' spin' : ''}`} aria-hidden />
      {readAt === null ? (
        reading ? (
          'Reading the store now'
        ) : (
          'Store never read'
        )
      ) : (
        <span>
          {reading ? 'Reading now, last read ' : 'Store read '}
          <RelativeTime at={readAt} />
        </span>
      )}
    </span>
  );
}
