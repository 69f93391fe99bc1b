import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, rename, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { archiveTar, archiveZip, type Entry, type Snapshot } from '@wardrobe/kloset';
import { sizeText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { CliError, EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { printable } from '../printable.js';
import { type Reach, select } from '../select.js';
import { openStore, type Session } from '../session.js';

export type ArchiveOptions = Reach & {
  readonly format: string;
  readonly rebase?: boolean;
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
};

/** plakar's names of the formats, and the short ones. */
const FORMATS: Readonly<Record<string, 'tar' | 'tgz' | 'zip'>> = { tar: 'tar', tarball: 'tgz', tgz: 'tgz', 'tar.gz': 'tgz', zip: 'zip' };
const EXTENSION = { tar: 'tar', tgz: 'tar.gz', zip: 'zip' } as const;
type Format = keyof typeof EXTENSION;

/** `archive`: a path with all that lies below it as one file, which is there whole or not at all. Damage ends with 65 and leaves no file. */
export async function archive(session: Session, argument: string, options: ArchiveOptions): Promise<ExitCode> {
  const format = FORMATS[options.format];
  if (format === undefined) throw usage(`'${options.format}' is not a format that archive knows.`, 'Give one of: tar, tgz (or tarball), zip.');
  const toStdout = options.output === '-';
  if (toStdout && process.stdout.isTTY) throw usage('An archive is not for a terminal.', 'Send it into a file or a pipe, or give --output FILE.');
  if (toStdout && options.json) throw usage('--json and an archive cannot share the standard output.', 'Give --output FILE.');
  const repository = await openStore(session);
  const { snapshot, path } = await select(session, repository, { argument, reach: options });
  const counts = { entries: 0, bytes: 0 };
  const stream = streamOf({ snapshot, path, format }, { options, session, counts });
  if (toStdout) {
    for await (const piece of stream) await session.terminal.bytes(piece as Uint8Array);
    return EXIT.fine;
  }
  const file = resolve(
    options.output ??
      `wardrobe-${new Date()
        .toISOString()
        .replace(/\.\d+Z$/, 'Z')
        .replaceAll(':', '')}.${EXTENSION[format]}`,
  );
  await writeWhole(file, stream, { overwrite: options.overwrite === true, counts });
  session.terminal.progress.clear();
  if (options.json) await session.terminal.json({ archive: file, format, entries: counts.entries, sizeBytes: counts.bytes, snapshot: snapshot.header.id });
  else await session.terminal.line(`${counted(counts.entries, 'entry', 'entries')} written to ${printable(file)} (${sizeText(counts.bytes)})`);
  return EXIT.fine;
}

type Counts = { entries: number; bytes: number };

function streamOf(
  what: { readonly snapshot: Snapshot; readonly path: Uint8Array; readonly format: Format },
  how: { readonly options: ArchiveOptions; readonly session: Session; readonly counts: Counts },
): Readable {
  const { snapshot, path, format } = what;
  const { session, counts } = how;
  const engine = {
    names: how.options.rebase === true ? ('relative' as const) : ('absolute' as const),
    signal: session.signal,
    onEntry: (entry: Entry, isKept: boolean) => {
      if (isKept) counts.entries += 1;
      else session.terminal.warn(`${printable(entry.path.text)} is left out: ${format} holds no ${entry.type}`);
      session.terminal.progress.show('archiving entries', counts.entries, null);
    },
  };
  if (format === 'zip') return archiveZip(snapshot, path, engine);
  const tar = archiveTar(snapshot, path, engine);
  if (format === 'tar') return tar;
  const gzip = createGzip();
  tar.on('error', (error) => gzip.destroy(error));
  gzip.on('close', () => tar.destroy());
  return tar.pipe(gzip);
}

/** Written under another name beside it, made durable, and only then given its name. */
async function writeWhole(file: string, stream: Readable, { overwrite, counts }: { readonly overwrite: boolean; readonly counts: Counts }): Promise<void> {
  const partial = join(dirname(file), `.wardrobe-partial-${randomBytes(8).toString('hex')}`);
  let handle: FileHandle;
  try {
    handle = await open(partial, 'wx', 0o600);
  } catch (error) {
    stream.destroy();
    throw error;
  }
  try {
    try {
      for await (const piece of stream) {
        for (let at = 0; at < (piece as Uint8Array).length; ) at += (await handle.write(piece as Uint8Array, at)).bytesWritten;
        counts.bytes += (piece as Uint8Array).length;
      }
      await handle.chmod(0o666 & ~process.umask());
      await handle.sync();
    } finally {
      await handle.close();
    }
    await giveName(partial, file, overwrite);
  } catch (error) {
    stream.destroy();
    await unlink(partial);
    throw error;
  }
}

async function giveName(partial: string, file: string, overwrite: boolean): Promise<void> {
  if (overwrite) return rename(partial, file);
  try {
    await link(partial, file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      throw new CliError(EXIT.usage, `${file} exists already.`, 'Give another name, or --overwrite.', { cause: error });
    throw error;
  }
  await unlink(partial);
}
