import { Check, CircleAlert, Info, type LucideIcon, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

export type NoticeKind = 'danger' | 'warning' | 'info' | 'success';
const ICON: Readonly<Record<NoticeKind, LucideIcon>> = { danger: CircleAlert, warning: TriangleAlert, info: Info, success: Check };

/** A fact (bold), what follows from it, and at most one action. Stays until the fact is gone. */
export function Notice({
  kind,
  fact,
  children,
  actions,
  icon,
}: {
  readonly kind: NoticeKind;
  readonly fact: ReactNode;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  readonly icon?: LucideIcon;
}) {
  const Icon = icon ?? ICON[kind];
  return (
    <div className="banner" data-kind={kind}>
      <Icon className="icon" aria-hidden />
      <div>
        <p>
          <b>{fact}</b>
        </p>
        {children ? <p>{children}</p> : null}
      </div>
      {actions ? <div className="actions">{actions}</div> : null}
    </div>
  );
}
