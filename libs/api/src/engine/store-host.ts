import { archiveTar, archiveZip, type BlobSource, type Repository, type Snapshot, type Store } from '@wardrobe/kloset';
import { parseMac, cleanPath, nameText, baseName, percentDecode, equalBytes } from '@wardrobe/kloset-model';
import type { EntryDetailDto, StoreLockDto } from '@wardrobe/contracts';
import { ApiError } from '../errors/api-error.js';
import { codeOf, problemOf } from '../errors/bridge.js';
import type { CallContext } from '../workers/protocol.js';
import { CarriedPieces } from './carried.js';
import { contentEntry, entryDetail, Explorer } from './explorer.js';
import { openRepository, openSnapshot, browsedStoreAt, probeAt, storeAt } from './kloset.js';
import { byteNameOf } from './paths.js';
import { readStore } from './reading.js';
import { headerDto, isoOfNs, msOfNs } from './rows.js';
import { PREVIEW_BYTES } from './text-preview.js';
import { listLocks } from './work/locks.js';
import { applyWork, planWork } from './work/run-work.js';
import type { EngineOutcome, EnginePlan, EngineWork } from './work/types.js';
import type {
  ArchiveFormat,
  Carried,
  ContentInfo,
  HeaderAnswer,
  ListAnswer,
  ListArgs,
  OpenArgs,
  Opened,
  ProbedStep,
  Reading,
  SnapshotRef,
  StoreAddress,
} from './types.js';

const KEPT_SNAPSHOTS = 8;
/** Looking through other snapshots for the same path ends after this time. */
const VERSIONS_BUDGET_MS = 1500;

type PathArgs = SnapshotRef & { readonly path: string };

/** One store opened in this thread, and everything that is asked of it. Answers are plain values. */
export class StoreHost {
  private repository: Repository | null = null;
  private store: Store | null = null;
  private pieces = new CarriedPieces();
  private orphans: Promise<BlobSource> | null = null;
  private readonly snapshots = new Map<string, Promise<Snapshot>>();
  private readonly explorer = new Explorer();

  /** Tries a place step by step; keeps nothing open. */
  probe(address: StoreAddress, { signal }: CallContext): Promise<readonly ProbedStep[]> {
    return probeAt(address, signal);
  }

  async open(args: OpenArgs, { signal, progress }: CallContext): Promise<Opened> {
    await this.close();
    const store = args.browsing === true ? await browsedStoreAt(args) : await storeAt(args);
    this.store = store;
    this.pieces = new CarriedPieces();
    const repository = await openRepository(store, {
      passphrase: args.passphrase ?? undefined,
      secret: args.secret ?? undefined,
      indexDirectory: args.indexDirectory ?? undefined,
      signal,
      onProgress: progress,
    });
    this.repository = repository;
    const { hashing, compression, encryption, chunking, createdAtNs } = repository.config;
    return {
      repositoryId: repository.id,
      encrypted: repository.encrypted,
      secret: repository.secret === null ? null : new Uint8Array(repository.secret),
      facts: {
        hashing,
        compression,
        encryption: encryption?.dataAlgorithm ?? null,
        kdf: encryption?.kdf ?? null,
        chunking: chunking.algorithm,
        createdAt: isoOfNs(createdAtNs),
      },
    };
  }

  async close(): Promise<void> {
    this.snapshots.clear();
    this.orphans = null;
    const last = this.repository;
    this.repository = null;
    this.store = null;
    await last?.close();
  }

  /** What the line has carried since this was asked last; null where the store has none. */
  carried(): Carried | null {
    const figures = this.store?.line?.();
    return figures === undefined ? null : this.pieces.next(figures);
  }

  async read({ nowMs }: { readonly nowMs: number }, { signal, progress }: CallContext): Promise<Reading> {
    const reading = await readStore(this.opened(), { nowMs, signal, onProgress: progress });
    // Orphan packfiles and the places of blobs may have changed; open headers stay right, their ids name their bytes.
    this.orphans = null;
    for (const key of this.snapshots.keys()) if (!key.startsWith('live ')) this.snapshots.delete(key);
    return reading;
  }

  /** Headers of many snapshots; one that cannot be read answers with its problem. */
  async headers({ refs }: { readonly refs: readonly SnapshotRef[] }, { signal }: CallContext): Promise<HeaderAnswer[]> {
    const answers: HeaderAnswer[] = [];
    for (const ref of refs) {
      try {
        answers.push({ id: ref.snapshot, header: headerDto((await this.snapshot(ref, signal, false)).header) });
      } catch (error) {
        if (signal.aborted || codeOf(error) === null || codeOf(error) === 'cancelled') throw error;
        answers.push({ id: ref.snapshot, problem: problemOf(error) });
      }
    }
    return answers;
  }

  async list(args: ListArgs, { signal }: CallContext): Promise<ListAnswer> {
    return this.explorer.list(await this.snapshot(args, signal), args, signal);
  }

  async detail(args: PathArgs, { signal }: CallContext): Promise<Omit<EntryDetailDto, 'versions'>> {
    return entryDetail(await this.snapshot(args, signal), this.opened(), cleanPath(percentDecode(args.path)), signal);
  }

  /** The same path in other snapshots, in the order given, as far as the time goes. */
  async versions(
    { path, refs }: { readonly path: string; readonly refs: readonly SnapshotRef[] },
    { signal }: CallContext,
  ): Promise<{ snapshot: string; sizeBytes: number; object: string | null }[]> {
    const end = performance.now() + VERSIONS_BUDGET_MS;
    const found: { snapshot: string; sizeBytes: number; object: string | null }[] = [];
    for (const ref of refs) {
      if (performance.now() > end) break;
      try {
        const entry = await (await this.snapshot(ref, signal, false)).entry(cleanPath(percentDecode(path)), { signal });
        found.push({ snapshot: ref.snapshot, sizeBytes: Number(entry.sizeBytes), object: entry.object });
      } catch (error) {
        // A snapshot without the path, or whose tree is damaged there, has no version to offer.
        if (signal.aborted || codeOf(error) === null || codeOf(error) === 'store') throw error;
      }
    }
    return found;
  }

  async contentInfo(args: PathArgs, { signal }: CallContext): Promise<ContentInfo> {
    const snapshot = await this.snapshot(args, signal);
    const path = cleanPath(percentDecode(args.path));
    const entry = await contentEntry(snapshot, path, signal);
    const sizeBytes = entry.object === null ? 0 : (await snapshot.object(entry.object, { signal })).sizeBytes;
    return { name: byteNameOf(baseName(path)), sizeBytes, etag: entry.object ?? 'empty', mtimeMs: msOfNs(entry.mtimeNs) };
  }

  async *content(args: PathArgs & { readonly start: number; readonly end: number }, { signal }: CallContext): AsyncGenerator<Uint8Array, void, undefined> {
    const snapshot = await this.snapshot(args, signal);
    const entry = await contentEntry(snapshot, cleanPath(percentDecode(args.path)), signal);
    if (entry.object === null) return;
    const object = await snapshot.object(entry.object, { signal });
    const whole = args.start === 0 && args.end >= object.sizeBytes;
    yield* snapshot.content(object, whole ? { signal } : { start: args.start, end: args.end, signal });
  }

  /** First MiB of a file, for the text preview. */
  async head(args: PathArgs, { signal }: CallContext): Promise<{ name: string; bytes: Uint8Array; truncated: boolean }> {
    const snapshot = await this.snapshot(args, signal);
    const path = cleanPath(percentDecode(args.path));
    const entry = await contentEntry(snapshot, path, signal);
    if (entry.object === null) return { name: nameText(baseName(path)), bytes: new Uint8Array(), truncated: false };
    const object = await snapshot.object(entry.object, { signal });
    const truncated = object.sizeBytes > PREVIEW_BYTES;
    const pieces: Uint8Array[] = [];
    for await (const piece of snapshot.content(object, truncated ? { start: 0, end: PREVIEW_BYTES, signal } : { signal })) pieces.push(new Uint8Array(piece));
    return { name: nameText(baseName(path)), bytes: new Uint8Array(Buffer.concat(pieces)), truncated };
  }

  /** Fails before the first byte where the path is not there. */
  async archiveInfo(args: PathArgs, { signal }: CallContext): Promise<{ name: string; directory: boolean }> {
    const path = cleanPath(percentDecode(args.path));
    const entry = await (await this.snapshot(args, signal)).entry(path, { signal });
    const root = equalBytes(path, percentDecode('/'));
    return { name: root ? `snapshot-${args.snapshot.slice(0, 8)}` : nameText(baseName(path)), directory: entry.type === 'directory' };
  }

  async *archive(args: PathArgs & { readonly format: ArchiveFormat }, { signal }: CallContext): AsyncGenerator<Uint8Array, void, undefined> {
    const snapshot = await this.snapshot(args, signal);
    const write = args.format === 'tar' ? archiveTar : archiveZip;
    for await (const piece of write(snapshot, cleanPath(percentDecode(args.path)), { signal })) yield piece as Uint8Array;
  }

  async locks({ nowMs }: { readonly nowMs: number }, { signal }: CallContext): Promise<StoreLockDto[]> {
    return listLocks(this.opened(), { nowMs, signal });
  }

  /** What a piece of work would do: reads only. */
  async planWork({ work, nowMs }: { readonly work: EngineWork; readonly nowMs: number }, { signal, progress }: CallContext): Promise<EnginePlan> {
    const repository = this.opened();
    await repository.refresh({ signal });
    return planWork(work, { repository, nowMs, signal, report: progress });
  }

  /** Does a piece of work as its dry run planned it. */
  async applyWork(
    { work, engine, nowMs }: { readonly work: EngineWork; readonly engine: unknown; readonly nowMs: number },
    { signal, progress }: CallContext,
  ): Promise<EngineOutcome> {
    const repository = this.opened();
    await repository.refresh({ signal });
    return applyWork(work, engine, { repository, nowMs, signal, report: progress });
  }

  private opened(): Repository {
    if (this.repository === null) throw new ApiError('store', 'The store is not open.', 'Read the store again.');
    return this.repository;
  }

  private snapshot(ref: SnapshotRef, signal: AbortSignal, keep = true): Promise<Snapshot> {
    const key = `${ref.reach} ${ref.snapshot}`;
    const known = this.snapshots.get(key);
    if (known) {
      this.snapshots.delete(key);
      this.snapshots.set(key, known);
      return known;
    }
    if (!keep) return this.openSnapshot(ref, signal);
    // Others may wait for the same snapshot: it is not tied to the first asker's signal.
    const opening = this.openSnapshot(ref, new AbortController().signal);
    this.snapshots.set(key, opening);
    opening.catch(() => this.snapshots.delete(key));
    const oldest = this.snapshots.keys().next();
    if (this.snapshots.size > KEPT_SNAPSHOTS && !oldest.done) this.snapshots.delete(oldest.value);
    return opening;
  }

  private async openSnapshot(ref: SnapshotRef, signal: AbortSignal): Promise<Snapshot> {
    const repository = this.opened();
    if (ref.reach !== 'live') this.orphans ??= repository.withOrphans();
    const source = ref.reach === 'live' || this.orphans === null ? repository : await this.orphans;
    return openSnapshot(source, repository, parseMac(ref.snapshot), signal);
  }
}
