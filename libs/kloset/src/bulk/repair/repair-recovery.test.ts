import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mac, PackfileId, StateId } from '@wardrobe/kloset-model';
import { seededRandom, temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { chunker } from '../../chunking/chunker.js';
import { detectContentType } from '../../chunking/content-type.js';
import { encode } from '../../codec/codec.js';
import { StoreError } from '../../errors/errors.js';
import { object } from '../../format/snapshot-object.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { openRepository } from '../../repository/repository.js';
import type { Repository } from '../../repository/types.js';
import { openWriter } from '../../repository/writer.js';
import { buildSnapshot } from '../../snapshot/testing/snapshot-builder.js';
import { storeContent } from '../../snapshot/write/store-content.js';
import type { WritableStore } from '../../store/store.js';
import { applyRepair } from './apply.js';
import { indexEvidence } from './other-evidence.js';
import { planRepair } from './plan.js';
import { diskSource, storeSource } from './sources.js';
import { type MadeBackup, type MadeStore, makeStore } from './testing/made-store.js';
import type { PlanRepairOptions } from './types.js';

const random = seededRandom(815);
const LINES = ['1.0', '1.1'] as const;
const plan = (repository: Repository, options: Partial<PlanRepairOptions> = {}) => planRepair(repository, { nowMs: Date.now(), ...options });

/** The packfile that holds a file's one chunk, and where. */
async function chunkOf(repository: Repository, content: Uint8Array) {
  const id = repository.mac(content);
  const [location] = repository.view.locations(SNAPSHOT_BLOB.chunk, id);
  if (location === undefined) throw new Error('no such chunk');
  return { id, ...location };
}

describe.each(LINES)('a store of line %s', (line) => {
  it('with a damaged chunk: found by reading, taken from a store with the same snapshots, and its packfile given up', async () => {
    const made = await makeStore(line);
    const [a, b] = [random.bytes(4000), random.bytes(4000)];
    const tree = [
      { path: '/srv/a', content: a },
      { path: '/srv/b', content: b },
    ];
    const { id } = await made.backup(tree);
    const mirror = await makeStore('1.1');
    await mirror.backup(tree, { id });
    const { packfile, offset } = await chunkOf(await made.open(), a);
    await made.damage('packfile', packfile, offset + 16 + 20);
    expect((await plan(await made.open())).actions).toEqual([]);
    const alone = await plan(await made.open(), { readContent: true });
    expect(alone.problems.flatMap(({ paths }) => paths)).toEqual([{ snapshot: id, path: '/srv/a' }]);
    const repository = await made.open();
    const sources = [storeSource(await mirror.open(), repository)];
    const planned = await plan(repository, { readContent: true, sources });
    expect(planned.problems).toEqual([]);
    expect(planned.actions.map(({ kind }) => kind)).toEqual(['recover-content', 'retire-packfile']);
    const result = await applyRepair(repository, planned, { readContent: true, sources });
    expect(result.proofs).toEqual([{ snapshot: id, isWhole: true, problems: [] }]);
    const after = await made.open();
    expect(after.view.isPackfileColoured(packfile)).toBe(true);
    expect(after.view.locations(SNAPSHOT_BLOB.chunk, after.mac(b)).some(({ coloured }) => !coloured)).toBe(true);
    expect(await plan(await made.open(), { readContent: true, sources })).toMatchObject({ actions: [], problems: [] });
  });

  it('with a packfile that is gone: files of the machine and the trees give back exactly what they still hold, objects too', async () => {
    const made = await makeStore(line);
    const [kept, changed] = [random.bytes(4000), random.bytes(4000)];
    const { id, packfile } = await realBackup(made, { kept, changed });
    await made.store.remove('packfile', packfile);
    const folder = await temporaryFolder('disk');
    await writeFile(join(folder, 'kept'), kept);
    await writeFile(join(folder, 'changed'), random.bytes(4000));
    const repository = await made.open();
    const sources = [diskSource(folder, repository)];
    const planned = await plan(repository, { sources });
    expect(planned.actions.map(({ kind, snapshots }) => ({ kind, snapshots }))).toEqual([
      { kind: 'recover-content', snapshots: [] },
      { kind: 'retire-packfile', snapshots: [] },
    ]);
    expect([...new Set(planned.problems.flatMap(({ paths }) => paths.map(({ path }) => path)))]).toEqual(['/srv/team/changed']);
    await applyRepair(repository, planned, { sources });
    const after = await made.open();
    expect(await after.get(SNAPSHOT_BLOB.chunk, after.mac(kept))).toEqual(kept);
    await expect(after.get(SNAPSHOT_BLOB.chunk, after.mac(changed))).rejects.toMatchObject({ code: 'not-found' });
    const left = await plan(after, { sources });
    expect(left.actions).toEqual([]);
    expect(left.problems.flatMap(({ snapshots }) => snapshots)).toEqual([id]);
    // With the rest from somewhere else it is whole again.
    await writeFile(join(folder, 'changed'), changed);
    const rest = await plan(await made.open(), { sources });
    const result = await applyRepair(await made.open(), rest, { sources });
    expect(result.proofs).toEqual([{ snapshot: id, isWhole: true, problems: [] }]);
    expect(result.left.problems).toEqual([]);
  });

  it('packed listings that are gone are made again from the trees alone', async () => {
    const made = await makeStore(line);
    const { id } = await made.backup([{ path: '/srv/empty', content: '' }]);
    const repository = await made.open();
    const listings = repository.view.live.length;
    expect(listings).toBe(1);
    const headers = new Set(repository.view.live.flatMap((snapshot) => snapshot.packfiles));
    for (const packfile of repository.view.packfiles()) if (!headers.has(packfile.id)) await made.store.remove('packfile', packfile.id);
    const planned = await plan(await made.open());
    expect(planned.actions[0]?.evidence.join(' ')).toContain('the trees of the store itself');
    expect(planned.problems.flatMap(({ paths }) => paths.map(({ path }) => path))).toEqual(['/srv/empty']);
    expect(id).toHaveLength(64);
  });

  it('a chunk that moved inside its file is found by cutting the file again', async () => {
    const made = await makeStore('1.0');
    const content = random.bytes(3 << 20);
    const repository = await made.open();
    const writer = await openWriter(repository, { lock: 'none', environment: { nowMs: () => 1_700_000_000_000 } });
    const chunks = [...chunker(repository.config.chunking).chunksOf(content)].map((bytes) => ({
      mac: writer.put(SNAPSHOT_BLOB.chunk, bytes),
      lengthBytes: bytes.length,
    }));
    const record = {
      version: 65536,
      contentMAC: writer.mac(content),
      chunks: chunks.map(({ mac, lengthBytes }) => ({ version: 65536, contentMAC: mac, length: lengthBytes, entropy: 0, flags: 0 })),
      content_type: new Uint8Array(0),
      entropy: 0,
      flags: 0,
    };
    const id = writer.put(SNAPSHOT_BLOB.object, encode(object, record));
    await writer.commit();
    await writer.close();
    await made.backup([{ path: '/big', stored: { id, chunks: chunks.length, sizeBytes: content.length } }]);
    const last = chunks.at(-1)?.mac as Mac;
    const opened = await made.open();
    const [location] = opened.view.locations(SNAPSHOT_BLOB.chunk, last);
    await made.damage('packfile', location?.packfile as PackfileId, (location?.offset ?? 0) + 16 + 5000);
    const folder = await temporaryFolder('moved');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'big'), Buffer.concat([random.bytes(777), content]));
    const sources = [diskSource(folder, opened)];
    const fresh = await made.open();
    const planned = await plan(fresh, { readContent: true, sources });
    expect(planned.actions.map(({ kind }) => kind)).toContain('recover-content');
    const result = await applyRepair(fresh, planned, { readContent: true, sources });
    expect(result.proofs.map(({ isWhole }) => isWhole)).toEqual([true]);
  });

  it("Wardrobe's own index remembers a lost state and a damaged schedule, until the store is opened with it", async () => {
    const made = await makeStore(line);
    const index = await temporaryFolder('index');
    const { id, state, packfiles } = await made.backup([{ path: '/a', content: random.bytes(3000) }]);
    const schedule = random.hex64() as StateId;
    await made.state(schedule, (builder) => builder.colour(5, id, 77n), { version: line === '1.1' ? '1.1.0' : '1.0.0' });
    await openRepository(made.store, { indexDirectory: index });
    await made.store.remove('state', state);
    await made.damage('state', schedule);
    const repository = await made.open();
    const evidence = await indexEvidence(repository, { directory: index, machine: 'here' });
    const planned = await plan(repository, { evidence });
    expect(planned.problems).toEqual([]);
    expect(planned.actions.map(({ kind, states }) => ({ kind, states })).find(({ kind }) => kind === 'replace-state')?.states).toEqual([schedule]);
    await applyRepair(repository, planned, { evidence, undelete: false });
    const after = await made.open();
    expect(after.view.unreadable).toEqual([]);
    expect(after.view.deleted.map((snapshot) => ({ id: snapshot.id, whenNs: snapshot.whenNs }))).toEqual([{ id, whenNs: 77n }]);
    expect(packfiles.length).toBeGreaterThan(0);
  });

  it('a repair that is interrupted at any write leaves whole snapshots only, and the next run finishes it', async () => {
    for (const late of [false, true])
      for (let failAt = 0; ; failAt += 1) {
        const { made, backups } = await damagedStore(line);
        const before = (await made.open()).view.live.map(({ id }) => id);
        const faulty = failing(made.store, { failAt, late });
        const repository = await openRepository(faulty.store);
        const planned = await plan(repository);
        const failed = await applyRepair(repository, planned, {}).then(
          () => false,
          () => true,
        );
        const between = await made.open();
        const live = between.view.live.map(({ id }) => id);
        for (const id of before) expect(live).toContain(id);
        for (const proof of (await plan(between)).problems) expect(proof).toEqual(null);
        const result = await applyRepair(between, await plan(between), { environment: { nowMs: () => Date.now() + 3_600_000 } });
        expect(result.proofs.flatMap(({ problems }) => problems)).toEqual([]);
        expect(result.left.actions).toEqual([]);
        expect((await made.open()).view.live.map(({ id }) => id).sort()).toEqual(backups.map(({ id }) => id).sort());
        if (!failed && !faulty.failed()) break;
      }
  });
});

/** A backup whose contents are stored as a backup stores them; `packfile` holds them and the listings. */
async function realBackup(made: MadeStore, contents: Readonly<Record<string, Uint8Array>>) {
  const repository = await made.open();
  const writer = await openWriter(repository, { lock: 'none', environment: { nowMs: () => 1_700_000_000_000 } });
  const options = { chunker: chunker(repository.config.chunking), contentType: detectContentType, entropy: 'measured' } as const;
  const entries = Object.entries(contents).map(([name, bytes]) => {
    const { object: id, chunks, sizeBytes } = storeContent(writer, bytes, options);
    return { path: `/srv/team/${name}`, stored: { id, chunks, sizeBytes } };
  });
  const id = buildSnapshot(writer, entries, { form: made.line, root: '/srv/team' });
  await writer.commit({ state: id as StateId });
  await writer.close();
  const [first] = Object.values(contents);
  return { id, packfile: (await chunkOf(await made.open(), first ?? new Uint8Array(0))).packfile };
}

/** A lost state, a damaged one, entries without blobs and packfiles left coloured, all at once. */
async function damagedStore(line: '1.0' | '1.1'): Promise<{ readonly made: MadeStore; readonly backups: readonly MadeBackup[] }> {
  const made = await makeStore(line);
  const file = (name: string) => ({ path: `/srv/${name}`, content: random.bytes(1500) });
  const backups = [
    await made.backup([file('a'), file('b')]),
    await made.backup([file('c')]),
    await made.backup([file('d')], { withoutEntryBlob: (path) => path === '/srv/d' }),
    await made.backup([file('e')]),
  ];
  const { view } = await made.open();
  const headers = new Set(view.live.flatMap(({ packfiles }) => packfiles));
  const data = backups[3]?.packfiles.find((packfile) => !headers.has(packfile)) as PackfileId;
  await made.state(random.hex64() as StateId, (builder) => builder.colour(4, data, 1n), { version: line === '1.1' ? '1.1.0' : '1.0.0' });
  await made.store.remove('state', backups[0]?.state as StateId);
  await made.damage('state', backups[1]?.state as StateId);
  return { made, backups };
}

/** Fails one change of the store for good, before or after it took place. */
function failing(store: WritableStore, fault: { readonly failAt: number; readonly late: boolean }): { readonly store: WritableStore; failed(): boolean } {
  let calls = 0;
  const changes = new Set<PropertyKey>(['write', 'adopt', 'remove']);
  const proxy = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (!changes.has(name) || calls++ !== fault.failAt) return value.apply(target, args) as unknown;
        const fail = (): never => {
          throw new StoreError('the line broke');
        };
        return fault.late ? Promise.resolve(value.apply(target, args)).then(fail) : Promise.reject(new StoreError('the line broke'));
      };
    },
  });
  return { store: proxy, failed: () => calls > fault.failAt };
}
