'use client';
import type { AuditEntryDto } from '@wardrobe/contracts';
import { FullTime } from '../foundation/time.js';

/** Who did what, newest first. */
export function AuditTable({ entries }: { readonly entries: readonly AuditEntryDto[] }) {
  return (
    <table className="tbl rows-to-blocks" data-list tabIndex={-1}>
      <caption className="sr">Audit log, newest first</caption>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">What</th>
          <th scope="col">About</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.id}>
            <td className="nowrap">
              <FullTime at={entry.at} />
            </td>
            <th scope="row">{entry.who}</th>
            <td>{entry.what}</td>
            <td>{entry.about}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
