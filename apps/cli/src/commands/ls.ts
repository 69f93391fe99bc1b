import { type DamagedEntry, type Entry, isDamaged, type ListedEntry, type Repository } from '@wardrobe/kloset';
import { entryLines } from '../entry-lines.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { letYoungGrow } from '../heap.js';
import { entryJson, namePair, snapshotJson } from '../json.js';
import { type Reach, select, type Selected } from '../select.js';
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

/** Characters that are written by one call. */
const CHARACTERS_AT_ONCE = 128 << 10;

async function listEntries(
  session: Session,
  repository: Repository,
  { argument, options }: { readonly argument: string; readonly options: LsOptions },
): Promise<ExitCode> {
  const selected = await select(session, repository, { argument, reach: options });
  const top = await selected.snapshot.entry(selected.path, { followLinks: true, signal: session.signal });
  letYoungGrow();
  const isSingle = options.recursive !== true && top.type !== 'directory';
  if (options.json) return listJson(session, isSingle ? [top] : wholeEntries(session, selected, options));
  return listLines(session, isSingle ? [[top]] : selected.snapshot.listing(selected.path, { recursive: options.recursive, signal: session.signal }), options);
}

function wholeEntries({ signal }: Session, { snapshot, path }: Selected, options: LsOptions): AsyncIterable<Entry | DamagedEntry> {
  return options.recursive === true ? snapshot.walk(path, { signal }) : snapshot.children(path, { signal });
}

async function listJson({ terminal }: Session, entries: AsyncIterable<Entry | DamagedEntry> | readonly Entry[]): Promise<ExitCode> {
  let damaged = false;
  for await (const entry of entries) {
    if (!isDamaged(entry)) await terminal.json(entryJson(entry));
    else {
      damaged = true;
      terminal.warn(damagedText(entry));
      await terminal.json({ ...namePair('path', entry.path), damaged: entry.damaged.message });
    }
  }
  if (damaged) await terminal.json({ incomplete: true });
  return damaged ? EXIT.damaged : EXIT.fine;
}

type Batch = readonly (ListedEntry | DamagedEntry)[];

async function listLines({ terminal }: Session, batches: AsyncIterable<Batch> | readonly Batch[], options: LsOptions): Promise<ExitCode> {
  const lineOf = entryLines(options.recursive === true);
  let damaged = false;
  let lines = '';
  const flush = async (): Promise<void> => {
    if (lines !== '') await terminal.bytes(Buffer.from(lines));
    lines = '';
  };
  for await (const batch of batches) {
    for (const entry of batch) {
      if (!isDamaged(entry)) lines += lineOf(entry);
      else {
        damaged = true;
        await flush();
        terminal.warn(damagedText(entry));
      }
    }
    if (lines.length >= CHARACTERS_AT_ONCE) await flush();
  }
  await flush();
  return damaged ? EXIT.damaged : EXIT.fine;
}

function damagedText({ path, damaged }: DamagedEntry): string {
  return `${path.text} cannot be read: ${damaged.message}`;
}
