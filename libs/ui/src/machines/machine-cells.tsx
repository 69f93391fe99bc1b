'use client';
import type { MachineDetailDto } from '@wardrobe/contracts';
import { CELL_SEVERITY, figure } from '@wardrobe/words';
import { useState } from 'react';
import { Badge } from '../cells/badge.js';
import { Button } from '../controls/button.js';
import { IdText } from '../foundation/id-text.js';
import { Anchor } from '../foundation/link.js';
import { FullTime, RelativeTime } from '../foundation/time.js';

const SHOWN = 100;

/** Snapshots on which the machine differs from the store, worst first, each with its cause and next step. */
export function MachineCells({ machine, hrefOf }: { readonly machine: MachineDetailDto; readonly hrefOf: (snapshotId: string) => string }) {
  const [limit, setLimit] = useState(SHOWN);
  const cells = machine.cells
    .filter((one) => one.cell !== 'seen' && one.cell !== 'none')
    .toSorted((a, b) => CELL_SEVERITY[b.cell] - CELL_SEVERITY[a.cell] || (b.takenAt ?? '').localeCompare(a.takenAt ?? ''));
  if (cells.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="cells-title">
      <header>
        <h2 id="cells-title">{`Differs on ${figure(cells.length)} ${cells.length === 1 ? 'snapshot' : 'snapshots'}`}</h2>
      </header>
      <table className="tbl rows-to-blocks cells-list" data-list tabIndex={-1}>
        <caption className="sr">{`Snapshots on which ${machine.name} differs from the store, worst first`}</caption>
        <thead>
          <tr>
            <th scope="col">Snapshot</th>
            <th scope="col">Cell</th>
            <th scope="col">Cause</th>
            <th scope="col">Next step</th>
            <th scope="col" className="num">
              Since
            </th>
          </tr>
        </thead>
        <tbody>
          {cells.slice(0, limit).map((one) => (
            <tr key={one.snapshot}>
              <th scope="row">
                {one.cell === 'lost' ? (
                  <code title={one.snapshot}>{one.snapshot.slice(0, 8)}</code>
                ) : (
                  <Anchor className="rowlink" href={hrefOf(one.snapshot)} title={one.snapshot}>
                    <code>{one.snapshot.slice(0, 8)}</code>
                  </Anchor>
                )}
                <span className="why nowrap">{one.takenAt ? <FullTime at={one.takenAt} /> : 'time unknown'}</span>
              </th>
              <td>
                <Badge kind={one.cell} />
              </td>
              <td className="full">
                <IdText text={one.cause} />
                {one.cache && !one.cause.includes(one.cache) ? <span className="why">cache {one.cache}</span> : null}
              </td>
              <td className="full">{one.nextStep}</td>
              <td className="num">
                <RelativeTime at={one.since} never="unknown" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {cells.length > limit ? (
        <p className="no-match">
          <Button
            small
            onClick={() => setLimit(limit + 500)}
          >{`Show ${figure(Math.min(500, cells.length - limit))} more of ${figure(cells.length - limit)}`}</Button>
        </p>
      ) : null}
    </section>
  );
}
