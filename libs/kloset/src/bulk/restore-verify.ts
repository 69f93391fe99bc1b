import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
import { isAtOrBelow, type Mac, parentPath } from '@wardrobe/kloset-model';
import { asBuffer } from '../bytes/bytes.js';
import { IntegrityError, InvalidInputError, KlosetError } from '../errors/errors.js';
import { begunAhead } from '../repository/parallel.js';
import { readObjects } from '../snapshot/content.js';
import { isDamaged } from '../snapshot/entry.js';
import { contextOf } from '../snapshot/open.js';
import type { DamagedEntry, Entry, ObjectInfo, Snapshot } from '../snapshot/types.js';
import { localError } from './local-error.js';
import { wantedMode } from './restore-attributes.js';
import { batchEntries } from './restore-contents.js';
import type { PathSelection } from './restore-selection.js';
import type { RestoreProblem } from './restore-types.js';
import { openExisting, type SafeDirectory } from './safe-directory.js';

/** Where what lies in the folder is meant to differ from the snapshot, by path. Takes memory only for such entries. */
export class Deviations {
  readonly #untouched = new Map<string, boolean>();
  readonly #asItWas = new Set<string>();
  readonly #renamed = new Map<string, Uint8Array>();
  readonly #without = new Map<string, Set<RestoreProblem['what']>>();

  /** Not restored; `isLeft`: on purpose, by the policy. */
  untouched(path: Uint8Array, isLeft: boolean): void {
    this.#untouched.set(keyOf(path), isLeft);
  }

  isUntouched(path: Uint8Array): boolean {
    return this.#untouched.get(keyOf(path)) === true;
  }

  /** A directory that was there and keeps its attributes. */
  asItWas(path: Uint8Array): void {
    this.#asItWas.add(keyOf(path));
  }

  renamed(path: Uint8Array, name: Uint8Array): void {
    this.#renamed.set(keyOf(path), name);
  }

  without(path: Uint8Array, what: RestoreProblem['what']): void {
    const known = this.#without.get(keyOf(path));
    if (known === undefined) this.#without.set(keyOf(path), new Set([what]));
    else known.add(what);
  }

  wasRestored(path: Uint8Array): boolean {
    return !this.#untouched.has(keyOf(path));
  }

  nameOf(entry: Entry): Uint8Array {
    return this.#renamed.get(keyOf(entry.path.bytes)) ?? entry.name.bytes;
  }

  hasAttribute(path: Uint8Array, what: RestoreProblem['what']): boolean {
    return !this.#asItWas.has(keyOf(path)) && this.#without.get(keyOf(path))?.has(what) !== true;
  }
}

function keyOf(path: Uint8Array): string {
  return asBuffer(path).toString('latin1');
}

export type VerifyJob = {
  readonly top: Entry;
  readonly target: SafeDirectory;
  readonly deviations: Deviations;
  readonly selection: PathSelection;
  readonly owners: boolean;
  readonly modes: boolean;
  readonly setuid: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onVerified: () => void;
};

/** `place` null: not restored, or not to be read. */
type Level = { readonly path: Uint8Array; readonly place: SafeDirectory | null };

/** Times are restored to the microsecond, later ones than 2242 to two. @see seconds in restore-attributes.ts */
const TIME_STEP_NS = 1000n;
const LATE_NS = 2n ** 33n * 1_000_000_000n;

/**
 * Reads what was restored once more, by the names that it has now and without following a link, and compares it with the snapshot: types, contents by their
 * MAC, targets, modes, owners, times. Yields what differs.
 */
export async function* verifyRestored(snapshot: Snapshot, job: VerifyJob): AsyncGenerator<RestoreProblem> {
  const holder = job.top.type === 'directory' ? job.top.path.bytes : parentPath(job.top.path.bytes);
  const levels: Level[] = [{ path: holder, place: job.target }];
  try {
    for await (const { entry, objects } of withObjects(snapshot, job)) {
      if (isDamaged(entry) || (job.top.type === 'directory' && entry.path.bytes.length === holder.length)) continue;
      const parent = parentPath(entry.path.bytes);
      while (levels.length > 1 && !isAtOrBelow(parent, (levels.at(-1) as Level).path)) await levels.pop()?.place?.handle.close();
      const place = levels.at(-1)?.place ?? null;
      const isWanted = place !== null && job.deviations.wasRestored(entry.path.bytes) && (entry.type === 'directory' || job.selection.has(entry));
      if (entry.type === 'directory') levels.push({ path: entry.path.bytes, place: isWanted ? await reopen(job, place, entry) : null });
      if (!isWanted || place === null) continue;
      const problems = await compareOne(snapshot, job, { entry, place, objects });
      yield* problems;
      if (problems.length === 0) job.onVerified();
    }
  } finally {
    for (const level of levels.slice(1)) await level.place?.handle.close();
  }
}

type Objects = ReadonlyMap<Mac, ObjectInfo | KlosetError>;

/** Entries with the objects of those whose content is read back; the next ones are asked for while these are compared. */
async function* withObjects(snapshot: Snapshot, job: VerifyJob): AsyncGenerator<{ readonly entry: Entry | DamagedEntry; readonly objects: Objects }> {
  const read = async (batch: readonly (Entry | DamagedEntry)[]) => {
    const isRead = (entry: Entry): boolean => entry.type === 'file' && job.deviations.wasRestored(entry.path.bytes) && job.selection.has(entry);
    const ids = batch.flatMap((entry) => (isDamaged(entry) || !isRead(entry) ? [] : (entry.object ?? [])));
    return { batch, objects: await readObjects(contextOf(snapshot).source, ids, { signal: job.signal }) };
  };
  for await (const { batch, objects } of begunAhead(batchEntries(snapshot.walk(job.top.path.bytes, { signal: job.signal })), 1, read))
    for (const entry of batch) yield { entry, objects };
}

/** Null also for a directory that nothing was wanted of, and one that cannot be opened: the comparison says so. */
async function reopen(job: VerifyJob, parent: SafeDirectory, entry: Entry): Promise<SafeDirectory | null> {
  try {
    return await openExisting(parent, job.deviations.nameOf(entry));
  } catch (error) {
    localError(error, entry.path.text);
    return null;
  }
}

async function compareOne(
  snapshot: Snapshot,
  job: VerifyJob,
  at: { readonly entry: Entry; readonly place: SafeDirectory; readonly objects: Objects },
): Promise<readonly RestoreProblem[]> {
  const { entry, place, objects } = at;
  if (entry.type === 'directory' && !job.selection.isWhole && !job.selection.has(entry)) return [];
  const path = place.at(job.deviations.nameOf(entry));
  try {
    const stat = await lstat(path, { bigint: true });
    if (!isOfType(entry, stat)) return [problem(entry, 'entry', 'another kind of file stands there')];
    if (entry.type === 'file') await compareContent(snapshot, { entry, path, objects, signal: job.signal });
    if (entry.type === 'symlink' && Buffer.compare(await readlink(path, { encoding: 'buffer' }), entry.symlinkTarget?.bytes ?? new Uint8Array(0)) !== 0)
      return [problem(entry, 'entry', 'it points elsewhere')];
    return compareAttributes(job, entry, stat);
  } catch (error) {
    job.signal?.throwIfAborted();
    const known = localError(error, entry.path.text);
    return [{ path: entry.path, severity: 'error', what: entry.type === 'file' ? 'content' : 'entry', error: known }];
  }
}

function isOfType(entry: Entry, stat: BigIntStats): boolean {
  if (entry.type === 'file') return stat.isFile();
  if (entry.type === 'directory') return stat.isDirectory();
  return entry.type === 'symlink' ? stat.isSymbolicLink() : stat.isFIFO();
}

/** @throws IntegrityError the file holds other bytes */
async function compareContent(
  snapshot: Snapshot,
  file: { readonly entry: Entry; readonly path: Buffer; readonly objects: Objects; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { entry, path, objects, signal } = file;
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const object = entry.object === null ? null : (objects.get(entry.object) ?? (await snapshot.object(entry.object, { signal })));
    if (object instanceof KlosetError) throw object;
    const hash = contextOf(snapshot).source.createMac();
    const buffer = new Uint8Array(256 * 1024);
    let sizeBytes = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, sizeBytes);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      sizeBytes += bytesRead;
    }
    if (sizeBytes !== (object?.sizeBytes ?? 0))
      throw new IntegrityError(entry.path.text, `read back: ${sizeBytes} bytes where ${object?.sizeBytes ?? 0} were written`);
    if (object !== null && hash.digest() !== object.contentMac) throw new IntegrityError(entry.path.text, 'read back: its bytes differ from the snapshot');
  } finally {
    await handle.close();
  }
}

function compareAttributes(job: VerifyJob, entry: Entry, stat: BigIntStats): readonly RestoreProblem[] {
  const { deviations, owners, modes, setuid } = job;
  const path = entry.path.bytes;
  const isSet = (what: RestoreProblem['what']): boolean => deviations.hasAttribute(path, what);
  const found: RestoreProblem[] = [];
  const isModeLess = entry.type === 'symlink' || !modes || !isSet('mode') || !isSet('owner');
  if (!isModeLess && Number(stat.mode & 0o7777n) !== wantedMode(entry, setuid)) found.push(problem(entry, 'mode', 'read back: its mode is another'));
  if (owners && isSet('owner') && (stat.uid !== entry.uid || stat.gid !== entry.gid)) found.push(problem(entry, 'owner', 'read back: its owner is another'));
  const away = stat.mtimeNs - entry.mtimeNs;
  const step = entry.mtimeNs < LATE_NS && entry.mtimeNs > -LATE_NS ? TIME_STEP_NS : 2n * TIME_STEP_NS;
  if (isSet('mtime') && (away > step || away < -step)) found.push(problem(entry, 'mtime', 'read back: its time is another'));
  return found;
}

function problem(entry: Entry, what: RestoreProblem['what'], detail: string): RestoreProblem {
  const error: KlosetError =
    what === 'entry' ? new IntegrityError(entry.path.text, `read back: ${detail}`) : new InvalidInputError(`${entry.path.text}: ${detail}`);
  return { path: entry.path, severity: what === 'entry' ? 'error' : 'warning', what, error };
}
