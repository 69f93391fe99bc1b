import { randomInt } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ARCHIVE_STATE_ID, type PackfileId, type SnapshotId } from '@wardrobe/kloset-model';
import { macFromBytes } from '../../bytes/bytes.js';
import { ByteWriter } from '../../codec/byte-writer.js';
import { encode } from '../../codec/codec.js';
import { V1_0_0 } from '../../codec/version.js';
import { configMac } from '../../crypto/mac.js';
import { DiskFullError, IntegrityError, InvalidInputError, KlosetError, PermissionError, StoreError } from '../../errors/errors.js';
import { config as configTable } from '../../format/config.js';
import { wrapEnvelope, writeEnvelopeHeader } from '../../format/envelope.js';
import type { LocationEntry } from '../../format/state.js';
import { parseConfig } from '../../repository/config-file.js';
import { createStore, type CreateOptions } from '../../repository/create-store.js';
import { openRepository } from '../../repository/repository.js';
import type { Repository } from '../../repository/types.js';
import { systemEnvironment } from '../../repository/system-environment.js';
import type { SnapshotHeader } from '../../snapshot/types.js';
import { locationPieces, StateBuilder } from '../../state/state-builder.js';
import type { Store } from '../../store/store.js';
import { syncSnapshots } from '../sync/sync.js';
import type { CopiedSnapshot, SyncProgress } from '../sync/sync-types.js';
import { ArchiveBody, GrowingFile } from './archive-body.js';
import { ArchiveStore } from './archive-store.js';

export type PtarOptions = {
  /** The file to make. */
  readonly path: string;
  /** Oldest first is how they are copied. */
  readonly snapshots: readonly SnapshotHeader[];
  /** Null makes an archive that anybody can read. */
  readonly passphrase: string | null;
  readonly hashing?: CreateOptions['hashing'];
  readonly compression?: CreateOptions['compression'];
  readonly kdf?: CreateOptions['kdf'];
  readonly overwrite?: boolean | undefined;
  /** Opens a finished archive as a store, for the proof. */
  readonly reopen: (path: string) => Store | Promise<Store>;
  readonly onProgress?: ((progress: PtarProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};
export type PtarProgress = SyncProgress | { readonly phase: 'finish' | 'proof' };

export type WrittenPtar = { readonly sizeBytes: number; readonly snapshots: readonly CopiedSnapshot[] };

const MAGIC = Buffer.from('_PLATAR_', 'latin1');
/** Archives have one packfile, however large. @source 04-remote-stores 8.1 */
const NO_LIMIT = { MinSize: 0n, AvgSize: 0n, MaxSize: 2n ** 64n - 1n };

/**
 * Writes snapshots, under their own ids, into one file that programs of both lines read: magic, CONFIG, one packfile, one state of version 1.0.0, trailer. It is made
 * beside its place, each snapshot compared with its original, read back as a whole, and only then gets its name.
 * @throws InvalidInputError the file is there; IntegrityError, DecodeError, NotFoundError a snapshot cannot be copied whole; DiskFullError, StoreError; abort as it
 * came. Nothing is left then. @source 04-remote-stores 8
 */
export async function writePtar(source: Repository, options: PtarOptions): Promise<WrittenPtar> {
  const path = resolve(options.path);
  if (options.snapshots.length === 0) throw new InvalidInputError('an archive needs a snapshot');
  if (options.overwrite !== true) await expectAbsent(path);
  const folder = await makeFolder(path);
  try {
    const made = join(folder, basename(path));
    const written = await writeAside(source, made, { folder, options });
    options.onProgress?.({ phase: 'proof' });
    await prove(made, written, options);
    options.signal?.throwIfAborted();
    await giveName(made, path, options.overwrite === true);
    return { sizeBytes: written.sizeBytes, snapshots: written.snapshots };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Written = WrittenPtar & { readonly secret: Uint8Array | null; readonly packfile: PackfileId };

async function writeAside(source: Repository, path: string, { folder, options }: { readonly folder: string; readonly options: PtarOptions }): Promise<Written> {
  const { signal, passphrase, hashing, compression, kdf, onProgress } = options;
  const file = new GrowingFile(path, await open(path, 'wx+', 0o600));
  try {
    const store = new ArchiveStore(path, folder);
    await createStore(store, { line: '1.0', passphrase, hashing, compression, kdf, signal });
    const target = await openRepository(store, { passphrase: passphrase ?? undefined, signal });
    const configBytes = await writeHead(file, await store.readConfig(), target.secret);
    const body = await ArchiveBody.begin(file, target.keys);
    store.begin({ body, keys: target.keys, readAt: (offset, lengthBytes) => file.readAt(offset, lengthBytes) });
    const snapshots: CopiedSnapshot[] = [];
    const steps = options.snapshots.map((header) => ({ header, action: 'copy' }) as const);
    for await (const result of syncSnapshots(source, target, steps, { onProgress, signal })) {
      if ('error' in result) throw result.error;
      snapshots.push(result);
    }
    onProgress?.({ phase: 'finish' });
    signal?.throwIfAborted();
    const packfile = macFromBytes(systemEnvironment().randomBytes(32)) as PackfileId;
    await writeEnd(file, { body, target, packfile, configBytes });
    await file.handle.datasync();
    return { sizeBytes: file.sizeBytes, snapshots, secret: target.secret, packfile };
  } finally {
    await file.handle.close();
  }
}

/** Magic, version and CONFIG; the latter with the packfile size that archives have. Returns CONFIG's length. */
async function writeHead(file: GrowingFile, made: Uint8Array, secret: Uint8Array | null): Promise<number> {
  const config = { ...parseConfig(made).config, Packfile: NO_LIMIT };
  const wrapped = wrapEnvelope('config', encode(configTable, config), { version: V1_0_0, hash: configMac(secret) });
  const head = new ByteWriter(16);
  head.bytes(MAGIC);
  head.u32(V1_0_0);
  await file.append(head.finish());
  await file.append(wrapped);
  return wrapped.length;
}

type End = { readonly body: ArchiveBody; readonly target: Repository; readonly packfile: PackfileId; readonly configBytes: number };

async function writeEnd(file: GrowingFile, { body, target, packfile, configBytes }: End): Promise<void> {
  const { randomBytes } = systemEnvironment();
  const { sizeBytes: packfileBytes, padding } = await body.finish(randomBytes);
  const stateBytes = await writeState(file, { body, target, packfile, padding: { ...padding, packfile } });
  const configAt = MAGIC.length + 4;
  const packfileAt = configAt + configBytes;
  const trailer = new ByteWriter(48);
  for (const number of [configAt, configBytes, packfileAt, packfileBytes, packfileAt + packfileBytes, stateBytes]) trailer.u64(BigInt(number));
  await file.append(trailer.finish());
}

/** Version 1.0.0, which both lines read. Its one packfile entry names the state by what readers call it. Returns its length. */
async function writeState(
  file: GrowingFile,
  {
    body,
    target,
    packfile,
    padding,
  }: { readonly body: ArchiveBody; readonly target: Repository; readonly packfile: PackfileId; readonly padding: LocationEntry },
): Promise<number> {
  const { keys } = target;
  const { nowMs, randomBytes } = systemEnvironment();
  const startsAt = file.sizeBytes;
  const timestampNs = BigInt(nowMs()) * 1_000_000n;
  const hash = keys.algorithm.create();
  const append = async (bytes: Uint8Array): Promise<void> => {
    hash.update(bytes);
    await file.append(bytes);
  };
  const builder = new StateBuilder();
  builder.location(padding);
  builder.packfile(packfile, ARCHIVE_STATE_ID, timestampNs);
  await append(writeEnvelopeHeader('state', V1_0_0));
  const unit = keys.encodeStream(randomBytes);
  for (const piece of builder.pieces({ version: '1.0.0', timestampNs, serial: target.id, parent: null }, locationPieces(body.locations(packfile))))
    for (const encoded of unit.push(piece)) await append(encoded);
  for (const encoded of unit.finish()) await append(encoded);
  await file.append(hash.digest());
  return file.sizeBytes - startsAt;
}

/** The file as any reader would find it: it opens with its key, has these snapshots, and its one packfile is whole and lies as the state says. */
async function prove(path: string, { secret, packfile, snapshots }: Written, { reopen, signal }: PtarOptions): Promise<void> {
  const repository = await openRepository(await reopen(path), { secret: secret ?? undefined, signal });
  try {
    const found = new Set<SnapshotId>(repository.view.live.map(({ id }) => id));
    if (repository.view.unreadable.length > 0 || found.size !== snapshots.length || snapshots.some(({ snapshot }) => !found.has(snapshot)))
      throw new IntegrityError('archive', `read back it has ${found.size} snapshots, ${snapshots.length} were written`);
    await repository.verifyPackfile(packfile, { signal });
  } finally {
    await repository.close();
  }
}

/** A folder beside the file, so that giving the name is a rename. */
async function makeFolder(path: string): Promise<string> {
  try {
    return await mkdtemp(join(dirname(path), `.${basename(path)}.${randomInt(1e6)}-`));
  } catch (cause) {
    throw localError(cause, dirname(path));
  }
}

async function expectAbsent(path: string): Promise<void> {
  try {
    await access(path, constants.F_OK);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return;
    throw localError(cause, path);
  }
  throw new InvalidInputError(`${path} is there already`);
}

/** Never over a file that came meanwhile, unless that was asked for. */
async function giveName(made: string, path: string, overwrite: boolean): Promise<void> {
  try {
    if (overwrite) await rename(made, path);
    else await link(made, path);
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'EEXIST') throw new InvalidInputError(`${path} is there already`, { cause });
    // Some file systems have no links.
    if (overwrite || !['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK'].includes(code)) throw localError(cause, path);
    await expectAbsent(path);
    await rename(made, path);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function localError(cause: unknown, path: string): unknown {
  if (cause instanceof KlosetError) return cause;
  const code = codeOf(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') return new InvalidInputError(`the folder of ${path} is not there`, { cause });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return new PermissionError(path, { cause });
  if (code === 'ENOSPC' || code === 'EDQUOT') return new DiskFullError(path, { cause });
  return new StoreError(`${path} cannot be used (${code})`, { cause });
}
