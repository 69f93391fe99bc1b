import type { ByteNameDto } from '@wardrobe/contracts';
import { ChevronRight } from 'lucide-react';
import { Fragment } from 'react';
import { Anchor } from '../foundation/link.js';

export type Crumb = { readonly name: ByteNameDto; readonly href: string };

/** Snapshots, the snapshot, then every folder down to this one. */
export function Crumbs({
  snapshotsHref,
  snapshotId,
  rootHref,
  crumbs,
}: {
  readonly snapshotsHref: string;
  readonly snapshotId: string;
  readonly rootHref: string;
  readonly crumbs: readonly Crumb[];
}) {
  const last = crumbs.at(-1);
  return (
    <nav className="crumbs" aria-label="Path">
      <Anchor href={snapshotsHref}>Snapshots</Anchor>
      <ChevronRight className="icon small" aria-hidden />
      {last === undefined ? (
        <b className="mono">{snapshotId.slice(0, 8)}</b>
      ) : (
        <Anchor href={rootHref} className="mono">
          {snapshotId.slice(0, 8)}
        </Anchor>
      )}
      {crumbs.map((crumb) => (
        <Fragment key={crumb.href}>
          <ChevronRight className="icon small" aria-hidden />
          {crumb === last ? <b aria-current="page">{crumb.name.text}</b> : <Anchor href={crumb.href}>{crumb.name.text}</Anchor>}
        </Fragment>
      ))}
    </nav>
  );
}
