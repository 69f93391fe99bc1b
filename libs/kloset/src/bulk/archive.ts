import { Readable } from 'node:stream';
import { baseName, concatBytes, isExactText, nameText, pathComponents, SLASH } from '@wardrobe/kloset-model';
import { ZipFile } from 'yazl';
import { IntegrityError } from '../errors/errors.js';
import { isDamaged, isRootPath } from '../snapshot/entry.js';
import type { Entry, EntryType, ObjectInfo, Snapshot } from '../snapshot/types.js';
import { TAR_END, tarHeader, type TarMember, tarPadding } from './tar.js';

/** How members are named: from the path's last component on, by the whole path without its leading slash, or relative to the path (a single file by its own name). */
export type ArchiveNames = 'last' | 'absolute' | 'relative';
export type ArchiveOptions = {
  /** Default `last`. */
  readonly names?: ArchiveNames | undefined;
  /** Told of each entry when its turn comes; `isKept` false: the format cannot hold its kind. */
  readonly onEntry?: ((entry: Entry, isKept: boolean) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * A path and everything below it as a tar archive. Names begin with the path's last component. A failure in the middle destroys the stream: what was sent
 * is never a whole archive. Sockets and devices are left out. Memory does not grow with the tree, but for one name of each file with several.
 */
export function archiveTar(snapshot: Snapshot, path: Uint8Array, options: ArchiveOptions = {}): Readable {
  return Readable.from(tarPieces(snapshot, path, options), { objectMode: false });
}

/** The same as a zip archive; links as Info-ZIP stores them. Bytes of a name that are not UTF-8 are written `%XX`: zip knows only text. */
export function archiveZip(snapshot: Snapshot, path: Uint8Array, options: ArchiveOptions = {}): Readable {
  const zip = new ZipFile();
  const output = readableOf(zip);
  const fail = (error: unknown): void => void output.destroy(error instanceof Error ? error : new Error(String(error)));
  zip.on('error', fail);
  const closed = new AbortController();
  output.once('close', () => closed.abort());
  const signal = options.signal === undefined ? closed.signal : AbortSignal.any([options.signal, closed.signal]);
  fillZip(zip, { snapshot, path, options: { ...options, signal } }).catch(fail);
  return output;
}

function readableOf(zip: ZipFile): Readable {
  if (zip.outputStream instanceof Readable) return zip.outputStream;
  throw new TypeError('the zip writer has no readable output');
}

/** An entry with its name in the archive. */
type Archived = { readonly entry: Entry; readonly name: Uint8Array };

/** What each format can hold. */
const TAR_KINDS: ReadonlySet<EntryType> = new Set(['file', 'symlink', 'directory', 'fifo']);
const ZIP_KINDS: ReadonlySet<EntryType> = new Set(['file', 'symlink', 'directory']);

async function* archivedEntries(
  snapshot: Snapshot,
  path: Uint8Array,
  { kinds, ...options }: ArchiveOptions & { readonly kinds: ReadonlySet<EntryType> },
): AsyncGenerator<Archived> {
  const top = await snapshot.entry(path, { followLinks: true, signal: options.signal });
  const skipped = skippedComponents(top, options.names ?? 'last');
  for await (const entry of snapshot.walk(top.path.bytes, { signal: options.signal })) {
    if (isDamaged(entry)) throw entry.damaged;
    if (isRootPath(entry.path.bytes)) continue;
    const components = pathComponents(entry.path.bytes).slice(skipped);
    if (components.length === 0) continue;
    options.onEntry?.(entry, kinds.has(entry.type));
    yield { entry, name: concatBytes(...components.flatMap((component, index) => (index === 0 ? [component] : [Uint8Array.of(SLASH), component]))) };
  }
}

function skippedComponents(top: Entry, names: ArchiveNames): number {
  const all = pathComponents(top.path.bytes).length;
  if (names === 'absolute') return 0;
  return names === 'relative' && top.type === 'directory' ? all : Math.max(0, all - 1);
}

async function* tarPieces(snapshot: Snapshot, path: Uint8Array, options: ArchiveOptions): AsyncGenerator<Uint8Array> {
  const firstNames = new Map<string, Uint8Array>();
  for await (const { entry, name } of archivedEntries(snapshot, path, { ...options, kinds: TAR_KINDS })) {
    if (entry.type === 'file') yield* tarFile(snapshot, { entry, name, firstNames }, options);
    else if (entry.type === 'symlink') yield tarHeader({ ...memberOf(entry, name), type: 'symlink', target: entry.symlinkTarget?.bytes ?? new Uint8Array(0) });
    else if (entry.type === 'directory' || entry.type === 'fifo') yield tarHeader({ ...memberOf(entry, name), type: entry.type });
  }
  yield TAR_END;
}

async function* tarFile(
  snapshot: Snapshot,
  file: Archived & { readonly firstNames: Map<string, Uint8Array> },
  options: ArchiveOptions,
): AsyncGenerator<Uint8Array> {
  const { entry, name } = file;
  const link = entry.nlink > 1 && entry.ino !== 0n ? `${entry.dev}:${entry.ino}:${entry.object}` : null;
  const first = link === null ? undefined : file.firstNames.get(link);
  if (first !== undefined) {
    yield tarHeader({ ...memberOf(entry, name), type: 'link', target: first });
    return;
  }
  if (link !== null) file.firstNames.set(link, name);
  const object = await objectOf(snapshot, entry, options);
  const sizeBytes = object?.sizeBytes ?? 0;
  yield tarHeader({ ...memberOf(entry, name), sizeBytes });
  if (object !== null) yield* snapshot.content(object, options);
  yield tarPadding(sizeBytes);
}

function memberOf(entry: Entry, name: Uint8Array): TarMember {
  const { permissions, uid, gid, user, group, mtimeNs } = entry;
  return { name, type: 'file', target: null, permissions, uid, gid, user, group, sizeBytes: 0, mtimeNs };
}

async function objectOf(snapshot: Snapshot, entry: Entry, options: ArchiveOptions): Promise<ObjectInfo | null> {
  return entry.object === null ? null : snapshot.object(entry.object, options);
}

async function fillZip(zip: ZipFile, from: { readonly snapshot: Snapshot; readonly path: Uint8Array; readonly options: ArchiveOptions }): Promise<void> {
  const { options } = from;
  for await (const { entry, name } of archivedEntries(from.snapshot, from.path, { ...options, kinds: ZIP_KINDS })) {
    const common = { mtime: zipDate(entry.mtimeNs), mode: zipMode(entry) };
    if (entry.type === 'directory') zip.addEmptyDirectory(zipName(name), common);
    else if (entry.type === 'symlink') zip.addBuffer(Buffer.from(entry.symlinkTarget?.bytes ?? []), zipName(name), { ...common, compress: false });
    else if (entry.type === 'file') await addZipFile(zip, { snapshot: from.snapshot, entry, name: zipName(name), common }, options);
  }
  zip.end();
}

/** Adds one file and waits until its content has gone through: the next is not even opened before. */
async function addZipFile(
  zip: ZipFile,
  file: { readonly snapshot: Snapshot; readonly entry: Entry; readonly name: string; readonly common: { readonly mtime: Date; readonly mode: number } },
  options: ArchiveOptions,
): Promise<void> {
  const object = await objectOf(file.snapshot, file.entry, options);
  if (object === null) return zip.addBuffer(Buffer.alloc(0), file.name, file.common);
  const content = Readable.from(file.snapshot.content(object, options), { objectMode: false });
  const passed = new Promise<void>((resolve, reject) => {
    content.once('error', reject);
    content.once('close', () =>
      content.readableEnded ? resolve() : reject(new IntegrityError(`object ${object.mac}`, 'its content was not read to the end')),
    );
  });
  zip.addReadStream(content, file.name, { ...file.common, size: object.sizeBytes });
  await passed;
}

const FIRST_ZIP_DATE_MS = 315_532_800_000;
const LAST_ZIP_DATE_MS = 4_354_819_198_000;

function zipDate(timeNs: bigint): Date {
  return new Date(Math.min(LAST_ZIP_DATE_MS, Math.max(FIRST_ZIP_DATE_MS, Number(timeNs / 1_000_000n))));
}

function zipMode(entry: Entry): number {
  const type = entry.type === 'directory' ? 0o040000 : entry.type === 'symlink' ? 0o120000 : 0o100000;
  return type | entry.permissions;
}

/** Text of a name. Backslashes would become slashes and a drive letter would be one, so both are escaped like bytes that are no text. */
function zipName(name: Uint8Array): string {
  const escaped = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  const text = isExactText(name) ? nameText(name) : Array.from(name, (byte) => (byte >= 0x80 ? escaped(byte) : String.fromCharCode(byte))).join('');
  return text.replaceAll('\\', '%5C').replace(/^([a-zA-Z]):/, '$1%3A');
}

/** Name for the archive of a path, without extension: its last component, or `root`. */
export function archiveName(path: Uint8Array): string {
  return isRootPath(path) ? 'root' : nameText(baseName(path));
}
