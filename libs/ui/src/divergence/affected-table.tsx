'use client';
import type { FindingDto } from '@wardrobe/contracts';
import { figure } from '@wardrobe/words';
import { bytesWord } from '../foundation/format.js';
import { Anchor } from '../foundation/link.js';
import { FullTime } from '../foundation/time.js';

type Snapshot = FindingDto['affected'][number];

/** Snapshots that a finding is about; those that can be opened are links. */
export function AffectedTable({ finding, hrefOf }: { readonly finding: FindingDto; readonly hrefOf: (snapshot: Snapshot) => string }) {
  return (
    <div>
      <table className="tbl affected">
        <caption className="sr">Affected snapshots</caption>
        <thead>
          <tr>
            <th scope="col">Snapshot</th>
            <th scope="col">Taken</th>
            <th scope="col" className="only-wide">
              Source
            </th>
            <th scope="col" className="num">
              Size
            </th>
            <th scope="col">Packfiles</th>
          </tr>
        </thead>
        <tbody>
          {finding.affected.map((snapshot) => (
            <tr key={snapshot.id}>
              <th scope="row">
                {snapshot.openable === 'no' ? (
                  <code title={snapshot.id}>{snapshot.id.slice(0, 8)}</code>
                ) : (
                  <Anchor href={hrefOf(snapshot)} title={snapshot.id}>
                    <code>{snapshot.id.slice(0, 8)}</code>
                  </Anchor>
                )}
              </th>
              <td className="nowrap">{snapshot.takenAt ? <FullTime at={snapshot.takenAt} /> : 'unknown'}</td>
              <td className="only-wide">{[snapshot.source, snapshot.host].filter(Boolean).join(' on ') || 'unknown'}</td>
              <td className="num">{snapshot.sizeBytes === null ? 'unknown' : bytesWord(snapshot.sizeBytes)}</td>
              <td>{snapshot.packfiles}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {finding.affectedTotal > finding.affected.length ? (
        <p className="fresh">{`${figure(finding.affected.length)} of ${figure(finding.affectedTotal)} are shown.`}</p>
      ) : null}
    </div>
  );
}
