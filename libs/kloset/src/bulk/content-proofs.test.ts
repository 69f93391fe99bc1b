import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import type { Mac, PackfileId, SnapshotId } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../codec/codec.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import type { VfsEntryRecord } from '../format/snapshot-entry.js';
import { type ObjectRecord, object } from '../format/snapshot-object.js';
import { createStore } from '../repository/create-store.js';
import { openRepository } from '../repository/repository.js';
import type { Repository } from '../repository/types.js';
import { openWriter } from '../repository/writer.js';
import { type BuildEntry, buildSnapshot, keystream } from '../snapshot/testing/index.js';
import { checkSnapshots } from './check.js';
import { checkStore } from './check-store.js';
import { ContentProofs } from './content-proofs.js';
import { readersFor } from './pipeline/readers-for.js';

const PASSPHRASE = 'a fine passphrase';
const SNAPSHOTS = 4;
const FILES = 60;
const SEEDS = process.env['WARDROBE_TEST_LONG'] === '1' ? 240 : 8;
const MINUTES = 60_000;

type Store = { readonly directory: string; readonly secret: Uint8Array | undefined };
/** Changes objects and entries before they are stored, always in the same way. */
type Lie = { readonly object?: (record: ObjectRecord) => ObjectRecord; readonly entry?: (record: VfsEntryRecord) => VfsEntryRecord };

function entriesOf(snapshot: number): BuildEntry[] {
  const stream = keystream(`proofs ${snapshot}`);
  const entries: BuildEntry[] = [
    { path: '/large', content: stream.bytes(200_000) },
    { path: '/nothing', content: '' },
  ];
  for (let file = 0; file < FILES; file++)
    entries.push({ path: `/d${file % 3}/f${file}`, content: file % 10 === 0 ? `the same ${file}` : stream.bytes(1 + file * 91) });
  return entries;
}

/** Several snapshots, each with packfiles of its own; they share a few contents. */
async function newStore(isEncrypted: boolean, { object: changed = (record) => record, entry }: Lie = {}): Promise<Store> {
  const directory = join(await temporaryFolder('proofs'), 'store');
  await createStore(fsStore(directory), { line: '1.1', passphrase: isEncrypted ? PASSPHRASE : null, kdf: { memoryKiB: 64, passes: 1 } });
  const repository = await openRepository(fsStore(directory), { passphrase: PASSPHRASE });
  const told = (type: number, bytes: Uint8Array): Uint8Array => (type === SNAPSHOT_BLOB.object ? encode(object, changed(decode(object, bytes))) : bytes);
  for (let snapshot = 0; snapshot < SNAPSHOTS; snapshot++) {
    const writer = await openWriter(repository, { lock: 'none' });
    const target = {
      put: (type: number, bytes: Uint8Array, id?: Mac): Mac => writer.put(type, told(type, bytes), id),
      mac: (bytes: Uint8Array) => repository.mac(bytes),
    };
    buildSnapshot(target, entriesOf(snapshot), { form: '1.1', chunkBytes: 64_000, tags: [`${snapshot}`], ...(entry === undefined ? {} : { entry }) });
    await writer.commit();
    await writer.close();
  }
  const secret = repository.secret?.slice();
  await repository.close();
  return { directory, secret };
}

type Verdicts = { readonly problems: readonly string[]; readonly counts: unknown; readonly summary: unknown; readonly proven: number };

/** All that a whole check tells; with `isShared` contents that were proven with the packfiles are not read again. */
async function verdicts({ directory, secret }: Store, { threads, isShared }: { readonly threads: number; readonly isShared: boolean }): Promise<Verdicts> {
  const repository = await openRepository(fsStore(directory), { secret });
  const readers = (await readersFor(repository, { threads })) ?? undefined;
  const contents = isShared ? new ContentProofs(repository) : undefined;
  const problems: string[] = [];
  let counts: unknown = null;
  try {
    for await (const { kind, id, severity, error, snapshots } of checkStore(repository, { readers, contents, onCounts: (told) => (counts = told) }))
      problems.push(`${kind} ${id} ${severity} ${error.code} ${error.message} ${snapshots.join()}`);
    const run = checkSnapshots(repository, { snapshots: repository.view.live.map(({ id }) => id), readers, contents });
    for (let next = await run.next(); ; next = await run.next()) {
      if (next.done === true) return { problems, counts, summary: next.value, proven: contents === undefined ? 0 : provenOf(repository, contents) };
      const { snapshot, path, what, id, error } = next.value;
      problems.push(`${snapshot} ${path?.text} ${what} ${id} ${error.code} ${error.message}`);
    }
  } finally {
    await readers?.close();
    await repository.close();
  }
}

function provenOf({ view }: Repository, contents: ContentProofs): number {
  let proven = 0;
  for (const { table } of view.layers)
    table.each(({ index, type }) => {
      const row = type === SNAPSHOT_BLOB.object ? contents.rows.row(type, Buffer.from(table.blob(index), 'hex')) : -1;
      if (row >= 0 && contents.lengthBytes(row) >= 0) proven += 1;
    });
  return proven;
}

/** With and without sharing: the same problems in the same order, and the same counts. */
async function bothWays(store: Store, threads: number): Promise<Verdicts> {
  const { proven: none, ...apart } = await verdicts(store, { threads, isShared: false });
  const shared = await verdicts(store, { threads, isShared: true });
  expect(shared).toEqual({ ...apart, proven: shared.proven });
  expect(none).toBe(0);
  return shared;
}

async function packfilesOf({ directory, secret }: Store): Promise<{ readonly files: string[]; readonly live: readonly SnapshotId[] }> {
  const repository = await openRepository(fsStore(directory), { secret });
  const ids: PackfileId[] = [];
  for await (const { id } of repository.store.list('packfile')) ids.push(id);
  const live = repository.view.live.map(({ id }) => id);
  await repository.close();
  return { files: ids.sort().map((id) => join(directory, 'packfiles', id.slice(0, 2), id)), live };
}

const PAGE_BYTES = 4096;

/** Damage of one kind, by a seed; returns what mends it. */
async function damage({ directory }: Store, packfiles: readonly string[], seed: number): Promise<() => Promise<void>> {
  const stream = keystream(`damage ${seed}`);
  const number = (below: number): number => Buffer.from(stream.bytes(4)).readUInt32LE() % below;
  const states = await statesOf(directory);
  const files = seed % DAMAGES.length === DAMAGES.indexOf('state') ? states : packfiles;
  const file = files[number(files.length)] as string;
  const other = files[number(files.length)] as string;
  const [bytes, others] = [await readFile(file), await readFile(other)];
  const at = number(bytes.length);
  const hurt = Buffer.from(bytes);
  switch (DAMAGES[seed % DAMAGES.length]) {
    case 'truncated':
      await writeFile(file, bytes.subarray(0, at));
      break;
    case 'removed':
      await rm(file);
      break;
    case 'exchanged':
      await writeFile(file, others);
      await writeFile(other, bytes);
      break;
    case 'copied':
      await writeFile(file, others);
      break;
    case 'zeroed':
      await writeFile(file, hurt.fill(0, at - (at % PAGE_BYTES), at - (at % PAGE_BYTES) + PAGE_BYTES));
      break;
    default:
      hurt[at] = (hurt[at] ?? 0) ^ (1 << number(8));
      await writeFile(file, hurt);
  }
  return async () => {
    await writeFile(file, bytes);
    await writeFile(other, others);
  };
}

/** `packfile`, `state`: a flipped bit of one. */
const DAMAGES = ['packfile', 'state', 'truncated', 'exchanged', 'zeroed', 'packfile', 'removed', 'copied'] as const;

async function statesOf(directory: string): Promise<string[]> {
  const found = await readdir(join(directory, 'states'), { recursive: true, withFileTypes: true });
  return found
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name))
    .sort();
}

describe.each([
  ['plain', false],
  ['encrypted', true],
] as const)('contents proven with their packfiles, %s', (_name, isEncrypted) => {
  it('are not read again, and a check says the same of a sound store', { timeout: 5 * MINUTES }, async () => {
    const store = await newStore(isEncrypted);
    for (const threads of [1, 2]) {
      const { problems, proven } = await bothWays(store, threads);
      expect(problems).toEqual([]);
      // All but those of several chunks, and those that share a chunk with an earlier snapshot.
      expect(proven).toBeGreaterThan(SNAPSHOTS * FILES * 0.8);
    }
  });

  it(`and the same of ${SEEDS} damaged ones`, { timeout: SEEDS * MINUTES }, async () => {
    const store = await newStore(isEncrypted);
    const { files } = await packfilesOf(store);
    let hurt = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const mend = await damage(store, files, seed);
      const { problems } = await bothWays(store, 1 + (seed % 2));
      if (problems.length > 0) hurt += 1;
      await mend();
    }
    expect(hurt).toBeGreaterThan(SEEDS / 2);
  });

  const wrong = (record: ObjectRecord): boolean => record.chunks?.[0]?.length === 1 + 41 * 91;
  const lies: Readonly<Record<string, Lie>> = {
    'bytes where its object says': {
      object: (record) => (wrong(record) ? { ...record, chunks: (record.chunks ?? []).map((chunk) => ({ ...chunk, length: chunk.length + 1 })) } : record),
    },
    'do not make the content': { object: (record) => (wrong(record) ? { ...record, contentMAC: '07'.repeat(32) as Mac } : record) },
  };
  it.each(Object.keys(lies))('an object that lies is found: %s', { timeout: 5 * MINUTES }, async (words) => {
    const { problems } = await bothWays(await newStore(isEncrypted, lies[words]), 2);
    expect(problems.filter((problem) => problem.includes(words))).toHaveLength(SNAPSHOTS);
  });

  const isFile41 = (record: VfsEntryRecord): boolean => Buffer.from(record.file_info.name).toString() === 'f41';
  const named = (name: string) => (record: VfsEntryRecord) =>
    isFile41(record) ? { ...record, file_info: { ...record.file_info, name: Buffer.from(name) } } : record;
  it.each<readonly [string, Lie]>([
    ['another name', { entry: named('f42') }],
    ['a longer name', { entry: named('f410') }],
    ['another folder', { entry: (record) => (isFile41(record) ? { ...record, parent_path: Buffer.from('/d1') } : record) }],
    ['a content that nobody has', { entry: (record) => (isFile41(record) ? { ...record, object: '07'.repeat(32) as Mac } : record) }],
  ])('an entry that lies is found: it says %s', { timeout: 5 * MINUTES }, async (_what, lie) => {
    const { problems } = await bothWays(await newStore(isEncrypted, lie), 2);
    expect(problems.filter((problem) => problem.includes(' /d2/f41 '))).toHaveLength(SNAPSHOTS);
  });

  it('what lies in two packfiles is left to the check of its snapshots', { timeout: 5 * MINUTES }, async () => {
    const store = await newStore(isEncrypted);
    const before = await bothWays(store, 2);
    const repository = await openRepository(fsStore(store.directory), { secret: store.secret });
    const first = repository.view.layers.flatMap(({ table }) => table.blob(0))[0] as Mac;
    const type = repository.view.layers[0]?.table.read(0).type as number;
    const writer = await openWriter(repository, { lock: 'none' });
    writer.putAgain(type, await repository.get(type, first), first);
    await writer.commit();
    await writer.close();
    await repository.close();
    const { problems, proven } = await bothWays(store, 2);
    expect(problems).toEqual([]);
    expect(proven).toBeLessThan(before.proven);
  });
});
