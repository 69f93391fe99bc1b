import { PassThrough, Readable } from 'node:stream';
import type { Entry, Snapshot } from '@wardrobe/kloset';
import { parentPath } from '@wardrobe/kloset-model';
import { type Header, pack } from 'tar-stream';
import { ZipFile } from 'yazl';
import { isDamaged, msOfNs } from './rows.js';
import type { ArchiveFormat } from './types.js';

type Member = { readonly entry: Entry; readonly name: string };

/**
 * A folder (or file) as zip or tar, streamed. Names lie below the folder's own name. A file that cannot be read to its end fails the
 * stream: what was sent is not a whole archive, and nobody may take it for one.
 */
export async function* archive(snapshot: Snapshot, path: Uint8Array, options: { format: ArchiveFormat; signal: AbortSignal }): AsyncGenerator<Uint8Array, void, undefined> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const out = new PassThrough({ highWaterMark: 1 << 20 });
  const members = walkMembers(snapshot, path, signal);
  const writing = (options.format === 'tar' ? writeTar(snapshot, members, { out, signal }) : writeZip(snapshot, members, { out, signal })).catch((error: unknown) => {
    out.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const piece of out) yield piece as Uint8Array;
    await writing;
  } finally {
    stop.abort();
    out.destroy();
  }
}

async function* walkMembers(snapshot: Snapshot, path: Uint8Array, signal: AbortSignal): AsyncGenerator<Member, void, undefined> {
  const above = parentPath(path);
  const cut = above.length === 1 ? 1 : above.length + 1;
  for await (const entry of snapshot.walk(path, { signal })) {
    if (isDamaged(entry)) throw entry.damaged;
    const name = Buffer.from(entry.path.bytes.subarray(cut)).toString('latin1');
    if (name !== '') yield { entry, name };
  }
}

type Sink = { readonly out: PassThrough; readonly signal: AbortSignal };

async function writeTar(snapshot: Snapshot, members: AsyncIterable<Member>, { out, signal }: Sink): Promise<void> {
  const tar = pack();
  tar.on('error', (error) => out.destroy(error));
  tar.pipe(out);
  for await (const { entry, name } of members) {
    const header = tarHeader(entry, Buffer.from(name, 'latin1').toString('utf8'));
    if (header === null) continue;
    if (entry.type !== 'file' || entry.object === null) {
      await new Promise<void>((resolve, reject) => tar.entry(header, (error) => (error ? reject(error) : resolve())));
      continue;
    }
    const content = Readable.from(snapshot.content(await snapshot.object(entry.object, { signal }), { signal }), { objectMode: false });
    await new Promise<void>((resolve, reject) => {
      const body = tar.entry(header, (error) => (error ? reject(error) : resolve()));
      content.on('error', (error) => {
        body.destroy();
        reject(error);
      });
      content.pipe(body);
    });
  }
  tar.finalize();
}

function tarHeader(entry: Entry, name: string): Header | null {
  const type = entry.type === 'file' || entry.type === 'directory' || entry.type === 'symlink' || entry.type === 'fifo' ? entry.type : null;
  // Sockets and devices make no sense on another machine: left out, as `restore` of an ordinary user does.
  if (type === null) return null;
  return {
    name: type === 'directory' ? `${name}/` : name,
    type: type === 'fifo' ? 'fifo' : type,
    mode: entry.permissions,
    uid: Number(entry.uid),
    gid: Number(entry.gid),
    uname: entry.user,
    gname: entry.group,
    mtime: new Date(msOfNs(entry.mtimeNs)),
    size: type === 'file' ? Number(entry.sizeBytes) : 0,
    devmajor: 0,
    devminor: 0,
    linkname: entry.symlinkTarget?.text ?? '',
  };
}

const ZIP_UNIX_TYPE = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const;

async function writeZip(snapshot: Snapshot, members: AsyncIterable<Member>, { out, signal }: Sink): Promise<void> {
  const zip = new ZipFile();
  zip.on('error', (error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))));
  zip.outputStream.pipe(out);
  for await (const { entry, name } of members) {
    const text = Buffer.from(name, 'latin1').toString('utf8');
    if (entry.type !== 'file' && entry.type !== 'directory' && entry.type !== 'symlink') continue;
    // Zip holds DOS times: what lies before 1980 is stored as 1980.
    const mtime = new Date(Math.max(msOfNs(entry.mtimeNs), Date.UTC(1980, 0, 2)));
    const options = { mtime, mode: ZIP_UNIX_TYPE[entry.type] | entry.permissions };
    if (entry.type === 'directory') zip.addEmptyDirectory(`${text}/`, options);
    else if (entry.type === 'symlink') zip.addBuffer(Buffer.from(entry.symlinkTarget?.bytes ?? new Uint8Array()), text, { ...options, compress: false });
    else await addZipFile(zip, snapshot, { entry, text, signal, options });
  }
  zip.end();
}

type ZipMember = { readonly entry: Entry; readonly text: string; readonly signal: AbortSignal; readonly options: { mtime: Date; mode: number } };

/** One file at a time: the next is opened when this one has been read to its end, so that memory stays flat. */
async function addZipFile(zip: ZipFile, snapshot: Snapshot, { entry, text, signal, options }: ZipMember): Promise<void> {
  if (entry.object === null) {
    zip.addBuffer(Buffer.alloc(0), text, options);
    return;
  }
  const content = Readable.from(snapshot.content(await snapshot.object(entry.object, { signal }), { signal }), { objectMode: false });
  await new Promise<void>((resolve, reject) => {
    content.on('end', resolve);
    content.on('error', (error) => {
      reject(error);
      zip.emit('error', error);
    });
    zip.addReadStream(content, text, { ...options, compress: !isPacked(text) });
  });
}

const PACKED = /\.(?:zip|gz|tgz|bz2|xz|zst|7z|rar|jpe?g|png|gif|webp|mp[34]|m4[av]|mkv|webm|og[gav]|flac|pdf|docx|xlsx|pptx|jar|apk)$/i;

function isPacked(name: string): boolean {
  return PACKED.test(name);
}

