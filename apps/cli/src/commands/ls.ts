import { type Entry, isDamaged, type Repository } from '@wardrobe/kloset';
import { byteName, concatBytes, modeText, sizeText, timestampText } from '@wardrobe/kloset-model';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { entryJson, namePair, snapshotJson } from '../json.js';
import { printable } from '../printable.js';
import { type Reach, select } from '../select.js';
import { chooseSnapshots, isSelective, loadSnapshots, parseSelection, type SelectionOptions } from '../selection.js';
import { openStore, type Session, warnOrphan } from '../session.js';
import { snapshotLine } from '../snapshot-line.js';

export type LsOptions = Reach & SelectionOptions & { readonly json?: boolean; readonly recursive?: boolean; readonly uuid?: boolean };

/** `ls`: the snapshots of a store, newest first, or the entries of one. */
export async function ls(session: Session, argument: string | undefined, options: LsOptions): Promise<ExitCode> {
  if (argument !== undefined && isSelective(parseSelection(options, Date.now())))
    throw usage('Conditions choose among snapshots; a snapshot is named already.', 'Leave out one of the two.');
  const repository = await openStore(session);
  return argument === undefined ? listStore(session, repository, options) : listEntries(session, repository, { argument, options });
}

async function listStore(session: Session, repository: Repository, options: LsOptions): Promise<ExitCode> {
  const nowMs = Date.now();
  const selection = parseSelection(options, nowMs);
  const loaded = await loadSnapshots(session, repository, options);
  const chosen = chooseSnapshots(loaded, selection, nowMs);
  if (chosen.length === 0 && !loaded.incomplete && !options.json)
    session.terminal.warn(isSelective(selection) ? 'no snapshot meets the conditions' : 'the store holds no snapshot yet: make one with: backup');
  for (const { header, availability } of chosen) {
    if (options.json) await session.terminal.json(snapshotJson(header, availability));
    else await session.terminal.line(snapshotLine(header, { availability, wholeId: options.uuid }));
  }
  await warnHidden(session, repository, options);
  if (loaded.incomplete && options.json)
    await session.terminal.json({
      incomplete: true,
      unreadableStates: repository.view.unreadable.map((state) => state.id),
      unreadableSnapshots: loaded.broken,
    });
  return loaded.incomplete ? EXIT.damaged : EXIT.fine;
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

const ARROW = Buffer.from(' -> ');
/** Lines that are written by one call. */
const LINES_AT_ONCE = 256;

function entryLine(entry: Entry, isWhole: boolean): string {
  const shown = isWhole ? entry.path : entry.name;
  const name = entry.symlinkTarget === null ? shown : byteName(concatBytes(shown.bytes, ARROW, entry.symlinkTarget.bytes));
  return `${timestampText(entry.mtimeNs)} ${modeText(entry.goMode)} ${entry.user.padStart(8)} ${entry.group.padStart(8)} ${sizeText(entry.sizeBytes).padStart(8)} ${printable(name.text)}`;
}

async function listEntries(
  session: Session,
  repository: Repository,
  { argument, options }: { readonly argument: string; readonly options: LsOptions },
): Promise<ExitCode> {
  const { snapshot, path } = await select(session, repository, { argument, reach: options });
  let damaged = false;
  const { terminal } = session;
  let lines: string[] = [];
  const flush = async (): Promise<void> => {
    if (lines.length > 0) await terminal.line(lines.join('\n'));
    lines = [];
  };
  const top = await snapshot.entry(path, { followLinks: true, signal: session.signal });
  const entries = options.recursive
    ? snapshot.walk(path, { signal: session.signal })
    : top.type === 'directory'
      ? snapshot.children(path, { signal: session.signal })
      : [top];
  for await (const entry of entries) {
    if (isDamaged(entry)) {
      damaged = true;
      await flush();
      terminal.warn(`${entry.path.text} cannot be read: ${entry.damaged.message}`);
      if (options.json) await terminal.json({ ...namePair('path', entry.path), damaged: entry.damaged.message });
    } else if (options.json) await terminal.json(entryJson(entry));
    else if (lines.push(entryLine(entry, options.recursive === true)) >= LINES_AT_ONCE) await flush();
  }
  await flush();
  if (damaged && options.json) await session.terminal.json({ incomplete: true });
  return damaged ? EXIT.damaged : EXIT.fine;
}
