import { provenanceOf, type SnapshotHeader } from '@wardrobe/kloset';
import { sizeText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { namePair, plainSize, snapshotJson, timeText } from '../json.js';
import { type Availability, type Reach, select } from '../select.js';
import { openStore, type Session, warnUnreadable } from '../session.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { type Line, printLines } from './info-words.js';

const NS_PER_MS = 1_000_000n;

/** `info SNAP`: what the header of a snapshot says: who made it, of what, and through which stores it came here. */
export async function infoSnapshot(session: Session, argument: string, options: Reach & { readonly json?: boolean }): Promise<ExitCode> {
  const repository = await openStore(session);
  const incomplete = warnUnreadable(session, repository);
  const { snapshot, availability } = await select(session, repository, { argument, reach: options });
  const { header } = snapshot;
  if (options.json) await session.terminal.json(factsOf(header, availability));
  else await printLines(session.terminal, linesOf(header, availability));
  return incomplete ? EXIT.damaged : EXIT.fine;
}

/** Everything of `ls --json`, and what is too long for a list. */
function factsOf(header: SnapshotHeader, availability: Availability): Record<string, unknown> {
  const { category, environment, perimeter, job, username, operatingSystem, client, source, summary } = header;
  return {
    ...snapshotJson(header, availability),
    ...{ category, environment, perimeter, job, username, operatingSystem, client },
    source: { type: source.type, origin: source.origin, ...namePair('directory', source.directory) },
    symlinks: plainSize(summary.symlinks),
    durationMs: plainSize(header.durationNs / NS_PER_MS),
    signed: header.signed,
    availability,
  };
}

function linesOf(header: SnapshotHeader, availability: Availability): readonly Line[] {
  const { summary, source } = header;
  const who = [header.username, header.hostname || source.origin].filter((word) => word !== '').join('@');
  const said: readonly Line[] = [
    ['name', header.name],
    ['category', header.category],
    ['environment', header.environment],
    ['perimeter', header.perimeter],
    ['job', header.job],
    ['tags', header.tags.join(', ')],
    ['made by', who],
    ['with', [header.client, header.operatingSystem].filter((word) => word !== '').join(' on ')],
    ['machine', header.machineId],
  ];
  return [
    ['id', header.id],
    ['made at', timeText(header.timestampNs)],
    ...said.filter(([, value]) => value !== ''),
    ['source', `${source.type}:${source.directory.text}`],
    [
      'content',
      `${counted(Number(summary.files), 'file')}, ${counted(Number(summary.directories), 'directory', 'directories')}, ${sizeText(Number(summary.sizeBytes))}`,
    ],
    ...(summary.errors === 0n ? [] : [['errors', `${counted(Number(summary.errors), 'entry', 'entries')} could not be backed up`] as const]),
    ['signed', header.signed ? 'yes' : 'no'],
    ...(availability === 'live' ? [] : [['availability', availability] as const]),
    ...provenanceLines(header),
  ];
}

function provenanceLines({ id, context }: SnapshotHeader): readonly Line[] {
  return provenanceOf(context).map(({ repository, snapshot, into, at }, index) => {
    const under = snapshot === null || snapshot === id ? '' : ` (there ${snapshot.slice(0, 8)})`;
    return [
      index === 0 ? 'synchronised' : '',
      `${at.slice(0, 19).replace('T', ' ')} UTC from repository ${repository}${under}${into === null ? '' : ` into ${into}`}`,
    ];
  });
}
