import { isDamaged, listSnapshots, NotFoundError, openSnapshot, type OrphanProblem, type Repository, type SnapshotHeader } from '@wardrobe/kloset';
import { byteName, concatBytes, durationSecondsText, modeText, sizeText, timestampText } from '@wardrobe/kloset-model';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { asCliError } from '../failures.js';
import { entryJson, namePair, snapshotJson } from '../json.js';
import { printable } from '../printable.js';
import { type Availability, candidates, type Reach, select, sourceFor } from '../select.js';
import { openStore, type Session, warnOrphan, warnUnreadable } from '../session.js';

export type LsOptions = Reach & { readonly json?: boolean; readonly recursive?: boolean; readonly tag?: string };

/** `ls`: the snapshots of a store, newest first, or the entries of one. */
export async function ls(session: Session, argument: string | undefined, options: LsOptions): Promise<ExitCode> {
  const repository = await openStore(session);
  return argument === undefined ? listStore(session, repository, options) : listEntries(session, repository, { argument, options });
}

type Listed = { readonly header: SnapshotHeader; readonly availability: Availability };

async function listStore(session: Session, repository: Repository, options: LsOptions): Promise<ExitCode> {
  let damaged = warnUnreadable(session, repository);
  const rows: Listed[] = [];
  const broken: string[] = [];
  for await (const item of listSnapshots(repository, { signal: session.signal })) {
    if ('header' in item) rows.push({ header: item.header, availability: 'live' });
    else {
      damaged = true;
      broken.push(item.id);
      session.terminal.warn(`snapshot ${item.id} cannot be read: ${item.error.message}`);
    }
  }
  const onProblem = (problem: OrphanProblem) => {
    damaged = true;
    warnOrphan(session, problem);
  };
  for (const { id, availability } of await candidates(repository, options, { signal: session.signal, onProblem })) {
    if (availability === 'live') continue;
    const listed = await outOfSight(session, repository, { id, availability });
    if (listed === 'damaged') {
      damaged = true;
      broken.push(id);
    } else if (listed !== 'gone') rows.push(listed);
  }
  rows.sort((a, b) => (a.header.timestampNs > b.header.timestampNs ? -1 : 1));
  for (const row of rows) if (!options.tag || row.header.tags.includes(options.tag)) await printSnapshot(session, row, options);
  await warnHidden(session, repository, options);
  if (damaged && options.json)
    await session.terminal.json({ incomplete: true, unreadableStates: repository.view.unreadable.map((state) => state.id), unreadableSnapshots: broken });
  return damaged ? EXIT.damaged : EXIT.fine;
}

/** A deleted snapshot may be gone for good: then it is said and left out. Damage is damage, also out of sight. */
async function outOfSight(
  session: Session,
  repository: Repository,
  { id, availability }: { readonly id: SnapshotHeader['id']; readonly availability: Availability },
): Promise<Listed | 'gone' | 'damaged'> {
  try {
    const snapshot = await openSnapshot(await sourceFor(repository, availability, session.signal), id, { signal: session.signal });
    return { header: snapshot.header, availability };
  } catch (error) {
    const known = asCliError(error);
    if (known === null) throw error;
    session.terminal.warn(`${availability} snapshot ${id} cannot be opened any more: ${known.sentence}`);
    return availability === 'deleted' && error instanceof NotFoundError ? 'gone' : known.exitCode === EXIT.damaged ? 'damaged' : 'gone';
  }
}

async function printSnapshot(session: Session, { header, availability }: Listed, options: LsOptions): Promise<void> {
  if (options.json) return session.terminal.json(snapshotJson(header, availability));
  const tags = header.tags.length > 0 ? ` tags=${header.tags.join(',')}` : '';
  const mark = availability === 'live' ? '' : ` (${availability})`;
  const time = timestampText(header.timestampNs);
  return session.terminal.line(
    `${time} ${header.id.slice(0, 8).padStart(10)} ${sizeText(header.summary.sizeBytes).padStart(10)} ${durationSecondsText(header.durationNs).padStart(9)} ${header.source.directory.text}${tags}${mark}`,
  );
}

/** Hidden snapshots are a warning of `ls`, never a part of the list unless asked for. */
async function warnHidden(session: Session, repository: Repository, options: LsOptions): Promise<void> {
  if (options.hidden) return;
  const hidden = await repository.hidden({ nowMs: Date.now(), signal: session.signal, onProblem: (problem) => warnOrphan(session, problem) });
  for (const { id, lock } of hidden) {
    session.terminal.warn(
      `snapshot ${id.slice(0, 8)} is hidden: its data is in the store and no state names it${lock ? ` (a backup may be running on ${lock.host})` : ''}. See: wardrobe at ${session.storeLocation} hidden`,
    );
  }
}

async function listEntries(
  session: Session,
  repository: Repository,
  { argument, options }: { readonly argument: string; readonly options: LsOptions },
): Promise<ExitCode> {
  const { snapshot, path } = await select(session, repository, { argument, reach: options });
  let damaged = false;
  const top = await snapshot.entry(path, { followLinks: true, signal: session.signal });
  const entries = options.recursive
    ? snapshot.walk(path, { signal: session.signal })
    : top.type === 'directory'
      ? snapshot.children(path, { signal: session.signal })
      : [top];
  for await (const entry of entries) {
    if (isDamaged(entry)) {
      damaged = true;
      session.terminal.warn(`${entry.path.text} cannot be read: ${entry.damaged.message}`);
      if (options.json) await session.terminal.json({ ...namePair('path', entry.path), damaged: entry.damaged.message });
    } else if (options.json) await session.terminal.json(entryJson(entry));
    else {
      const shown = options.recursive ? entry.path : entry.name;
      const target = entry.symlinkTarget ? concatBytes(Buffer.from(' -> '), entry.symlinkTarget.bytes) : new Uint8Array();
      const lead = `${timestampText(entry.mtimeNs)} ${modeText(entry.goMode)} ${entry.user.padStart(8)} ${entry.group.padStart(8)} ${sizeText(entry.sizeBytes).padStart(8)} `;
      await session.terminal.line(`${lead}${printable(byteName(concatBytes(shown.bytes, target)).text)}`);
    }
  }
  if (damaged && options.json) await session.terminal.json({ incomplete: true });
  return damaged ? EXIT.damaged : EXIT.fine;
}
