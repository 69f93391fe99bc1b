import { maskedLocation } from '@wardrobe/connections';
import {
  expectSyncable,
  type FailedSnapshot,
  planSync,
  type Repository,
  type SnapshotHeader,
  type SyncProgress,
  type SyncResult,
  type SyncStep,
  syncSnapshots,
} from '@wardrobe/kloset';
import { shortId, sizeText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { asCliError, usage } from '../failures.js';
import { keepOldSmall } from '../heap.js';
import { snapshotJson } from '../json.js';
import { printable } from '../printable.js';
import { openSecondStore } from '../second-store.js';
import { chooseSnapshots, isSelective, loadSnapshots, parseSelection, type SelectionOptions } from '../selection.js';
import { openStore, type Session } from '../session.js';
import { snapshotLine } from '../snapshot-line.js';

export type SyncCommandOptions = SelectionOptions & {
  readonly toKeyfile?: string;
  readonly toOption: readonly string[];
  readonly compareAll?: boolean;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
};

type Side = { readonly repository: Repository; readonly location: string };
type Direction = { readonly from: Side; readonly to: Side };
type Request = { readonly ids: readonly string[]; readonly way: 'to' | 'from' | 'with'; readonly other: string };
/** Snapshots by what became of them. */
type Tally = { copied: number; present: number; deleted: number; failed: number; incomplete: boolean };

const WAYS: readonly string[] = ['to', 'from', 'with'] satisfies readonly Request['way'][];

/** `sync [SNAP…] to|from|with STORE`: copies what the other store lacks; each copy is compared with its original before anybody can see it. */
export async function sync(session: Session, words: readonly string[], options: SyncCommandOptions): Promise<ExitCode> {
  keepOldSmall();
  const request = parseRequest(words);
  const nowMs = Date.now();
  parseSelection(options, nowMs);
  const first = { repository: await openStore(session), location: session.storeLocation };
  const other = {
    repository: await openSecondStore(session, first.repository, { location: request.other, keyfile: options.toKeyfile ?? null, options: options.toOption }),
    location: maskedLocation(request.other),
  };
  expectSyncable(first.repository, other.repository);
  const there = { from: first, to: other };
  const back = { from: other, to: first };
  const directions = request.way === 'to' ? [there] : request.way === 'from' ? [back] : [there, back];
  const tally: Tally = { copied: 0, present: 0, deleted: 0, failed: 0, incomplete: false };
  const found = new Set<string>();
  for (const direction of directions) {
    const chosen = await choose(session, direction, { request, options, nowMs, tally });
    for (const { id } of chosen) for (const prefix of request.ids) if (id.startsWith(prefix)) found.add(prefix);
    await run(session, { direction, chosen, options, tally });
  }
  const lost = request.ids.filter((prefix) => !found.has(prefix));
  if (lost.length > 0) session.terminal.warn(`no snapshot that meets the conditions has the prefix ${lost.join(' or ')}`);
  await printTally(session, tally, options);
  return tally.failed > 0 || tally.incomplete ? EXIT.damaged : lost.length > 0 ? EXIT.usage : EXIT.fine;
}

/** The last two words say whereto, those before them which snapshots. */
function parseRequest(words: readonly string[]): Request {
  const [way, other] = words.slice(-2);
  if (way === undefined || other === undefined || !WAYS.includes(way))
    throw usage('Say which way: sync [SNAP...] to STORE, sync [SNAP...] from STORE, or sync [SNAP...] with STORE.', 'See: sync --help');
  const ids = words.slice(0, -2).map((id) => id.toLowerCase());
  for (const id of ids) if (!/^[0-9a-f]{1,64}$/.test(id)) throw usage(`'${id}' is not a snapshot id.`, 'Give the first hex digits, as ls shows them.');
  return { ids, way: way as Request['way'], other };
}

async function choose(
  session: Session,
  { from }: Direction,
  { request, options, nowMs, tally }: { readonly request: Request; readonly options: SyncCommandOptions; readonly nowMs: number; readonly tally: Tally },
): Promise<readonly SnapshotHeader[]> {
  const selection = parseSelection(options, nowMs);
  const loaded = await loadSnapshots(session, from.repository, {});
  if (loaded.incomplete) {
    tally.incomplete = true;
    if (isSelective(selection) && selection.filters.latest === true)
      throw usage(
        'Which snapshot is the latest is not certain while a part of the store cannot be read.',
        'Name the snapshots by their ids, or mend the store first with: repair',
      );
  }
  for (const prefix of request.ids) {
    const fitting = loaded.listed.filter(({ header }) => header.id.startsWith(prefix));
    if (fitting.length > 1) throw usage(`The prefix ${prefix} fits ${counted(fitting.length, 'snapshot')} of ${from.location}.`, 'Give more digits.');
  }
  const filters = { ...selection.filters, ...(request.ids.length > 0 ? { ids: request.ids } : {}) };
  return chooseSnapshots(loaded, { ...selection, filters }, nowMs).map(({ header }) => header);
}

type Run = { readonly direction: Direction; readonly chosen: readonly SnapshotHeader[]; readonly options: SyncCommandOptions; readonly tally: Tally };

async function run(session: Session, { direction, chosen, options, tally }: Run): Promise<void> {
  const { from, to } = direction;
  const steps = planSync(to.repository, chosen);
  for (const step of steps) {
    if (step.action !== 'copy') tally[step.action] += 1;
    if (options.dryRun || step.action === 'deleted') await printStep(session, { step, direction, options });
  }
  if (options.dryRun) {
    tally.copied += steps.filter(({ action }) => action === 'copy').length;
    return;
  }
  const results = syncSnapshots(from.repository, to.repository, steps, {
    compareAll: options.compareAll,
    signal: session.signal,
    wait: options.wait,
    onWait: (lock) => session.terminal.warn(`waiting for ${printable(lock.hostname)}, which holds ${to.location}`),
    onProgress: progressOf(session, options),
  });
  for await (const result of results) {
    session.terminal.progress.clear();
    if ('error' in result) tally.failed += 1;
    else tally.copied += 1;
    await printResult(session, { result, direction, options });
  }
}

async function printStep(
  session: Session,
  { step, direction, options }: { readonly step: SyncStep; readonly direction: Direction; readonly options: SyncCommandOptions },
): Promise<void> {
  const { header, action } = step;
  const places = { from: direction.from.location, to: direction.to.location };
  if (options.json) return session.terminal.json({ action, ...places, ...snapshotJson(header, 'live') });
  const words = { copy: 'copy   ', present: 'present', deleted: 'removed' }[action];
  const line = `${words}  ${snapshotLine(header)}  -> ${printable(places.to)}${action === 'deleted' ? ' (it was removed there, and is not brought back)' : ''}`;
  if (options.dryRun) await session.terminal.line(line);
  else session.terminal.warn(`snapshot ${shortId(header.id)} was removed from ${printable(places.to)}, and is not brought back`);
}

async function printResult(
  session: Session,
  { result, direction, options }: { readonly result: SyncResult; readonly direction: Direction; readonly options: SyncCommandOptions },
): Promise<void> {
  const places = { from: direction.from.location, to: direction.to.location };
  if ('error' in result) return printFailure(session, result, { places, options });
  if (result.signed)
    session.terminal.warn(`snapshot ${shortId(result.snapshot)} is signed; the signature holds for the original's encoding only, so the copy has none`);
  if (options.json) return session.terminal.json({ copied: { ...result, ...places, equal: true } });
  await session.terminal.line(
    `Snapshot ${shortId(result.snapshot)} -> ${printable(places.to)}: ${counted(result.entries, 'entry', 'entries')}; ${counted(result.kept, 'entry', 'entries')} known; ${counted(result.contents, 'content')} read (${sizeText(result.readBytes)}), ${sizeText(result.writtenBytes)} written; equal to the original`,
  );
}

async function printFailure(
  session: Session,
  { snapshot, error, published }: FailedSnapshot,
  { places, options }: { readonly places: { readonly from: string; readonly to: string }; readonly options: SyncCommandOptions },
): Promise<void> {
  const known = asCliError(error);
  const reason = known?.sentence ?? error.message;
  session.terminal.warn(
    published
      ? `snapshot ${shortId(snapshot)} is in ${places.to} now and cannot be read as it was written: ${reason} Remove it there with: wardrobe at ${places.to} rm --apply ${shortId(snapshot)}`
      : `snapshot ${shortId(snapshot)} was not copied: ${reason} See everything that is wrong with: wardrobe at ${places.from} check ${shortId(snapshot)}`,
  );
  if (options.json) await session.terminal.json({ failed: { snapshot, ...places, published, error: error.message } });
}

const PROGRESS_MS = 1000;
const PHASES = { known: 'looking for what both have', contents: 'entries copied', trees: 'writing trees', compare: 'entries compared' } as const;

function progressOf(session: Session, { json }: SyncCommandOptions): (progress: SyncProgress) => void {
  let toldMs = performance.now();
  return (progress) => {
    session.terminal.progress.show(`${shortId(progress.snapshot)}: ${PHASES[progress.phase]}`, progress.entries, null);
    if (!json || performance.now() - toldMs < PROGRESS_MS) return;
    toldMs = performance.now();
    void session.terminal.json({ progress });
  };
}

async function printTally(session: Session, tally: Tally, options: SyncCommandOptions): Promise<void> {
  session.terminal.progress.clear();
  const { incomplete, ...counts } = tally;
  if (options.json) return session.terminal.json({ summary: { ...counts, dryRun: options.dryRun === true, complete: !incomplete && tally.failed === 0 } });
  const done = options.dryRun ? `${counted(tally.copied, 'snapshot')} would be copied` : `${counted(tally.copied, 'snapshot')} copied and compared`;
  const rest = [
    `${tally.present} there already`,
    ...(tally.deleted > 0 ? [`${tally.deleted} removed there`] : []),
    ...(tally.failed > 0 ? [`${tally.failed} failed`] : []),
  ];
  await session.terminal.line(`${done}; ${rest.join(', ')}.`);
}
