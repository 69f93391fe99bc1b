'use client';
import type { MachineRowDto } from '@wardrobe/contracts';
import { figure } from '@wardrobe/words';
import { Deltas, differing, VerdictMark } from '../cells/badge.js';
import { Anchor } from '../foundation/link.js';
import { RelativeTime, ShortTime } from '../foundation/time.js';
import { isOldTool } from './filter.js';
import { Strip } from './strip.js';

/** One machine: name, verdict with its cause, what differs, history, newest snapshot it lists, last report. */
export function MachineLine({ machine, href }: { readonly machine: MachineRowDto; readonly href: string }) {
  const calm = machine.verdict === 'in-sync';
  const history = differing(machine.counts).map(([cell, count]) => `${figure(count)} ${cell}`);
  return (
    <tr className={calm ? 'calm' : 'tall'}>
      <th scope="row" className="m-name">
        <Anchor className="rowlink" href={href}>
          {machine.name}
        </Anchor>
        <span className="why cut">
          {[machine.os, machine.tool].filter(Boolean).join(' · ')}
          {isOldTool(machine.tool) ? (
            <span className="old" title="plakar before 1.0.6 can leave snapshots that only this machine lists">
              {' '}
              · old
            </span>
          ) : null}
        </span>
      </th>
      <td className="m-verdict">
        <VerdictMark verdict={machine.verdict} worst={machine.worst} />
        {calm ? null : <span className="why">{machine.cause}</span>}
      </td>
      <td className="m-delta">
        <Deltas counts={machine.counts} />
      </td>
      <td className="m-strip">
        <Strip machineId={machine.id} label={history.length === 0 ? 'all seen' : history.join(', ')} />
      </td>
      <td className="num m-newest">
        <ShortTime at={machine.newestSeenAt} />
      </td>
      <td className="num m-report">
        <span className="only-phone faint">reported </span>
        <RelativeTime at={machine.lastReportAt} />
      </td>
    </tr>
  );
}
