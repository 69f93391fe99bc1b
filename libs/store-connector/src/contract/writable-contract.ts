import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ResourceKind, WritableStore } from '../store.js';
import { contractId as idOf, wholeOf } from './contract-items.js';

/** `again` opens the same place once more, as another process would. */
export type ContractWritable = { readonly store: WritableStore; again(): Promise<WritableStore>; close(): Promise<void> };

const KINDS: readonly ResourceKind[] = ['packfile', 'state', 'lock'];
const CONFIG = Uint8Array.from({ length: 200 }, (_, index) => 255 - index);
/** Above the part size of uploads in pieces. */
const LARGE_BYTES = (17 << 20) + 5;

/** The behaviour of every store that can be written. `open` gives a place that holds nothing yet. */
export function writableContract(name: string, open: () => Promise<ContractWritable>): void {
  const use = async (work: (opened: ContractWritable) => Promise<void>) => {
    const opened = await open();
    try {
      await work(opened);
    } finally {
      await opened.close();
    }
  };
  const created = (work: (opened: ContractWritable) => Promise<void>) =>
    use(async (opened) => {
      await opened.store.create(CONFIG);
      await work(opened);
    });
  const listed = async (store: WritableStore, kind: ResourceKind) => {
    const items = new Map<string, number>();
    for await (const item of store.list(kind)) items.set(item.id, item.sizeBytes);
    return items;
  };

  describe(`writable store contract: ${name}`, () => {
    it('is a store once it is created, for others too, and is not created twice', () =>
      use(async ({ store, again }) => {
        await expect(store.readConfig()).rejects.toMatchObject({ code: 'not-a-store' });
        await store.create(CONFIG);
        const other = await again();
        expect(Buffer.from(await other.readConfig()).equals(CONFIG)).toBe(true);
        for (const kind of KINDS) expect(await listed(other, kind)).toEqual(new Map());
        await expect(other.create(Uint8Array.of(1))).rejects.toMatchObject({ code: 'invalid-input' });
        expect(Buffer.from(await store.readConfig()).equals(CONFIG)).toBe(true);
        await other.close();
      }));

    it.each(KINDS)('a %s is there for all once it is written, is listed at once, replaced, and removed', (kind) =>
      created(async ({ store, again }) => {
        await store.write(kind, idOf('ab1'), Uint8Array.of(1, 2, 3));
        expect(await listed(store, kind)).toEqual(new Map([[idOf('ab1'), 3]]));
        const other = await again();
        expect([...(await wholeOf(other.read(kind, idOf('ab1'))))]).toEqual([1, 2, 3]);
        await store.write(kind, idOf('ab1'), Uint8Array.of(9, 8));
        expect([...(await wholeOf(other.read(kind, idOf('ab1'))))]).toEqual([9, 8]);
        expect(await other.sizeBytes(kind, idOf('ab1'))).toBe(2);
        await store.remove(kind, idOf('ab1'));
        expect(await listed(other, kind)).toEqual(new Map());
        await expect(other.readRange(kind, idOf('ab1'), 0, 1)).rejects.toMatchObject({ code: 'not-found' });
        await other.close();
      }),
    );

    it('removing what is not there is a NotFoundError', () =>
      created(async ({ store }) => {
        await expect(store.remove('state', idOf('77'))).rejects.toMatchObject({ code: 'not-found' });
      }));

    it('takes over a large local file whole; afterwards it is gone here', () =>
      created(async ({ store, again }) => {
        const folder = await mkdtemp(join(store.spoolDirectory ?? tmpdir(), 'tmp.contract-'));
        const file = join(folder, 'spooled');
        const bytes = randomBytes(LARGE_BYTES);
        await writeFile(file, bytes);
        await store.adopt('packfile', idOf('cd'), file);
        await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
        await rm(folder, { recursive: true });
        const other = await again();
        expect((await wholeOf(other.read('packfile', idOf('cd')))).equals(bytes)).toBe(true);
        expect(Buffer.from(await other.readRange('packfile', idOf('cd'), LARGE_BYTES - 9, 9)).equals(bytes.subarray(-9))).toBe(true);
        await other.close();
      }));

    it('a write that is stopped before it began leaves nothing, and the local file', () =>
      created(async ({ store }) => {
        const reason = new Error('stopped');
        const signal = AbortSignal.abort(reason);
        await expect(store.write('state', idOf('55'), Uint8Array.of(1), { signal })).rejects.toBe(reason);
        const folder = await mkdtemp(join(tmpdir(), 'contract-'));
        await writeFile(join(folder, 'spooled'), 'x');
        await expect(store.adopt('packfile', idOf('56'), join(folder, 'spooled'), { signal })).rejects.toBe(reason);
        expect(await readFile(join(folder, 'spooled'), 'utf8')).toBe('x');
        await rm(folder, { recursive: true });
        expect(await listed(store, 'state')).toEqual(new Map());
        expect(await listed(store, 'packfile')).toEqual(new Map());
      }));

    it('many items written at once are all there', () =>
      created(async ({ store }) => {
        const ids = Array.from({ length: 40 }, (_, index) => idOf((index + 16).toString(16).padStart(2, '0')));
        await Promise.all(ids.map((id, index) => store.write('state', id, new Uint8Array(index + 1))));
        expect(await listed(store, 'state')).toEqual(new Map(ids.map((id, index) => [id, index + 1])));
        const read = await Promise.all(ids.map((id, index) => store.readRange('state', id, 0, index + 1)));
        expect(read.map((bytes) => bytes.length)).toEqual(ids.map((_, index) => index + 1));
      }));
  });
}
