'use client';
import type { EntryDetailDto } from '@wardrobe/contracts';
import { LoadingRows } from '../feedback/states.js';
import { bytesWord } from '../foundation/format.js';
import { Anchor } from '../foundation/link.js';
import { FullTime } from '../foundation/time.js';

/** The same path in other snapshots of the store. */
export function Versions({
  detail,
  currentId,
  hrefOf,
}: {
  readonly detail: EntryDetailDto | undefined;
  readonly currentId: string;
  readonly hrefOf: (snapshotId: string) => string;
}) {
  if (detail === undefined) return <LoadingRows what="the other versions" rows={4} />;
  if (detail.versions.length === 0) return <p className="part-notice">No other snapshot holds this path.</p>;
  return (
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
        {detail.versions.map((version) => (
          <tr key={version.snapshot} aria-current={version.snapshot === currentId ? 'true' : undefined}>
            <th scope="row">
              {version.snapshot === currentId ? (
                <b className="mono">{version.snapshot.slice(0, 8)}</b>
              ) : (
                <Anchor className="mono" href={hrefOf(version.snapshot)}>
                  {version.snapshot.slice(0, 8)}
                </Anchor>
              )}
            </th>
            <td>
              <FullTime at={version.takenAt} />
            </td>
            <td className="num">{bytesWord(version.sizeBytes)}</td>
            <td className={version.same ? 'muted' : undefined}>{version.snapshot === currentId ? 'this one' : version.same ? 'same' : 'changed'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
