'use client';
import type { MachineDetailDto } from '@wardrobe/contracts';
import { figure } from '@wardrobe/words';
import { LoaderCircle, TriangleAlert } from 'lucide-react';
import { RelativeTime } from '../foundation/time.js';

/** The caches of one machine: each is read and judged by itself; the machine's cell is the worst of them. */
export function CacheTable({ machine }: { readonly machine: MachineDetailDto }) {
  return (
    <section className="panel" aria-labelledby="caches-title">
      <header>
        <h2 id="caches-title">Caches of this store on the machine</h2>
        <span className="fresh">a machine's cell is the worst of its caches</span>
      </header>
      <table className="tbl rows-to-blocks">
        <caption className="sr">{`Caches on ${machine.name}`}</caption>
        <thead>
          <tr>
            <th scope="col">Cache</th>
            <th scope="col">User</th>
            <th scope="col">Line</th>
            <th scope="col" className="num">
              States
            </th>
            <th scope="col" className="num">
              Listed
            </th>
            <th scope="col" className="num">
              Deleted
            </th>
            <th scope="col" className="num">
              Last used
            </th>
            <th scope="col" className="num">
              Reported
            </th>
          </tr>
        </thead>
        <tbody>
          {machine.sightings.map((sighting) => (
            <tr key={`${sighting.user} ${sighting.cache}`}>
              <th scope="row" className="full">
                <code>{sighting.cache}</code>
                {sighting.inMotion ? (
                  <span className="why">
                    <LoaderCircle className="icon small" aria-hidden /> in use when it was read
                  </span>
                ) : null}
                {sighting.problem ? (
                  <span className="why">
                    <TriangleAlert className="icon small" aria-hidden /> {sighting.problem}
                  </span>
                ) : null}
              </th>
              <td>{sighting.user}</td>
              <td>{sighting.line === 'wardrobe' ? 'Wardrobe' : `plakar ${sighting.line}`}</td>
              <td className="num">
                <span className="only-phone faint">states </span>
                {figure(sighting.states)}
              </td>
              <td className="num">
                <span className="only-phone faint">listed </span>
                {figure(sighting.shown)}
              </td>
              <td className="num">
                <span className="only-phone faint">deleted </span>
                {figure(sighting.deleted)}
              </td>
              <td className="num">
                <span className="only-phone faint">used </span>
                <RelativeTime at={sighting.lastUsedAt} never="unknown" />
              </td>
              <td className="num">
                <span className="only-phone faint">reported </span>
                <RelativeTime at={sighting.reportedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {machine.sightings.length === 0 ? <p className="no-match muted">This machine has reported no cache of this store.</p> : null}
    </section>
  );
}
