'use client';
import type { EntryDetailDto } from '@wardrobe/contracts';
import { LoadingRows } from '../feedback/states.js';
import { bytesWord } from '../foundation/format.js';
import { Anchor } from '../foundation/link.js';
import { FullTime } from '../foundation/time.js';

export type VersionsProps = {
  readonly detail: EntryDetailDto | undefined;
  readonly current: { readonly id: string; readonly takenAt: string };
  readonly hrefOf: (snapshotId: string) => string;
};

/** The same path in this and the other snapshots of its source. */
export function Versions({ detail, current, hrefOf }: VersionsProps) {
  if (detail === undefined) return <LoadingRows what="the other versions" rows={4} />;
  const all = [
    { snapshot: current.id, takenAt: current.takenAt, sizeBytes: detail.entry.sizeBytes, same: true },
    ...detail.versions.filter((version) => version.snapshot !== current.id),
  ];
  return (
    <>
      <table className="tbl">
        <caption className="sr">Versions of this path</caption>
        <thead>
          <tr>
            <th scope="col">Snapshot</th>
            <th scope="col">Taken</th>
            <th scope="col" className="num">
              Size
            </th>
            <th scope="col">Content</th>
          </tr>
        </thead>
        <tbody>
          {all
            .toSorted((a, b) => b.takenAt.localeCompare(a.takenAt))
            .map((version) => (
              <Version key={version.snapshot} version={version} own={version.snapshot === current.id} href={hrefOf(version.snapshot)} />
            ))}
        </tbody>
      </table>
      {all.length === 1 ? <p className="part-notice">No other snapshot of this source holds the path.</p> : null}
    </>
  );
}

function Version({ version, own, href }: { readonly version: EntryDetailDto['versions'][number]; readonly own: boolean; readonly href: string }) {
  return (
    <tr>
      <th scope="row">
        {own ? (
          <b className="mono">{version.snapshot.slice(0, 8)}</b>
        ) : (
          <Anchor className="mono" href={href}>
            {version.snapshot.slice(0, 8)}
          </Anchor>
        )}
      </th>
      <td>
        <FullTime at={version.takenAt} />
      </td>
      <td className="num">{bytesWord(version.sizeBytes)}</td>
      <td className={version.same ? 'muted' : undefined}>{own ? 'this one' : version.same ? 'same' : 'changed'}</td>
    </tr>
  );
}
