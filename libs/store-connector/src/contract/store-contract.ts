import type { Mac } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import type { ResourceKind, Store } from '../store.js';
import { contractId as idOf, drain, wholeOf } from './contract-items.js';

/** What `open` must find in the store that the contract looks at. */
export type ContractContent = {
  readonly config: Uint8Array;
  readonly items: Readonly<Record<ResourceKind, ReadonlyMap<Mac, Uint8Array>>>;
  readonly foreign: readonly string[];
};
export type ContractStore = { readonly store: Store; close(): Promise<void> };

const KINDS: readonly ResourceKind[] = ['packfile', 'state', 'lock'];

/** One content for all stores: empty, small, and larger than the pieces that stores read in. */
export const CONTRACT_CONTENT: ContractContent = {
  config: Uint8Array.from({ length: 300 }, (_, index) => index),
  items: {
    packfile: new Map([
      [idOf('ab'), Uint8Array.from({ length: (2 << 20) + 17 }, (_, index) => (index * 31) & 0xff)],
      [idOf('ac'), new Uint8Array(0)],
    ]),
    state: new Map([[idOf('01'), Uint8Array.of(1, 2, 3)]]),
    lock: new Map(),
  },
  foreign: ['states/tmp.123', 'notes.txt'],
};

/** The behaviour every store shows. `open(null)` opens a place that holds no store. */
export function storeContract(name: string, open: (content: ContractContent | null) => Promise<ContractStore>): void {
  const use = async (content: ContractContent | null, work: (store: Store) => Promise<void>) => {
    const opened = await open(content);
    try {
      await work(opened.store);
    } finally {
      await opened.close();
    }
  };
  describe(`store contract: ${name}`, () => {
    it('gives CONFIG as it lies there', () => use(CONTRACT_CONTENT, async (store) => expect(await store.readConfig()).toEqual(CONTRACT_CONTENT.config)));

    it('a place without CONFIG is no store', () => use(null, async (store) => expect(store.readConfig()).rejects.toMatchObject({ code: 'not-a-store' })));

    it.each(KINDS)('lists every %s with its size, and nothing else', (kind) =>
      use(CONTRACT_CONTENT, async (store) => {
        const listed = new Map<Mac, number>();
        for await (const item of store.list(kind)) listed.set(item.id, item.sizeBytes);
        expect(listed).toEqual(new Map([...CONTRACT_CONTENT.items[kind]].map(([id, bytes]) => [id, bytes.length])));
      }),
    );

    it('everything it lists can be opened', () =>
      use(CONTRACT_CONTENT, async (store) => {
        for (const kind of KINDS)
          for await (const item of store.list(kind)) expect((await store.readRange(kind, item.id, 0, item.sizeBytes)).length).toBe(item.sizeBytes);
      }));

    it('names foreign files', () =>
      use(CONTRACT_CONTENT, async (store) => {
        const found: string[] = [];
        for await (const file of store.listForeign()) found.push(file.path);
        expect(found.sort()).toEqual([...CONTRACT_CONTENT.foreign].sort());
      }));

    it('streams whole items in order, and tells their size', () =>
      use(CONTRACT_CONTENT, async (store) => {
        for (const kind of KINDS) {
          for (const [id, bytes] of CONTRACT_CONTENT.items[kind]) {
            expect((await wholeOf(store.read(kind, id))).equals(bytes)).toBe(true);
            expect(await store.sizeBytes(kind, id)).toBe(bytes.length);
          }
        }
      }));

    it('reads any range exactly', () =>
      use(CONTRACT_CONTENT, async (store) => {
        const bytes = CONTRACT_CONTENT.items.packfile.get(idOf('ab')) as Uint8Array;
        for (const [offset, length] of [
          [0, 0],
          [0, 16],
          [5, 1],
          [(1 << 20) - 3, 9],
          [bytes.length - 32, 32],
          [0, bytes.length],
        ] as const) {
          expect(Buffer.from(await store.readRange('packfile', idOf('ab'), offset, length)).equals(bytes.subarray(offset, offset + length))).toBe(true);
        }
      }));

    it('a range beyond the end is a StoreError, never a short buffer', () =>
      use(CONTRACT_CONTENT, async (store) => {
        await expect(store.readRange('state', idOf('01'), 1, 3)).rejects.toMatchObject({ code: 'store' });
        await expect(store.readRange('state', idOf('01'), 2 ** 40, 1)).rejects.toMatchObject({ code: 'store' });
        await expect(store.readRange('state', idOf('01'), 0, 0xffffffff)).rejects.toMatchObject({ code: 'store' });
      }));

    it('an absent item is a NotFoundError', () =>
      use(CONTRACT_CONTENT, async (store) => {
        for (const kind of KINDS) {
          await expect(store.readRange(kind, idOf('9'), 0, 1)).rejects.toMatchObject({ code: 'not-found' });
          await expect(store.sizeBytes(kind, idOf('9'))).rejects.toMatchObject({ code: 'not-found' });
          await expect(drain(store.read(kind, idOf('9')))).rejects.toMatchObject({ code: 'not-found' });
        }
      }));

    it('an abort is rethrown as it came, before and during a read', () =>
      use(CONTRACT_CONTENT, async (store) => {
        const reason = new Error('stopped');
        const stopped = AbortSignal.abort(reason);
        await expect(store.readConfig({ signal: stopped })).rejects.toBe(reason);
        await expect(store.readRange('state', idOf('01'), 0, 1, { signal: stopped })).rejects.toBe(reason);
        await expect(drain(store.list('state', { signal: stopped }))).rejects.toBe(reason);
        const controller = new AbortController();
        const reading = (async () => {
          for await (const piece of store.read('packfile', idOf('ab'), { signal: controller.signal })) if (piece.length > 0) controller.abort(reason);
        })();
        await expect(reading).rejects.toBe(reason);
      }));

    it('what it handed out may be changed without harm to the next reader', () =>
      use(CONTRACT_CONTENT, async (store) => {
        (await store.readRange('state', idOf('01'), 0, 3)).fill(0);
        expect(await store.readRange('state', idOf('01'), 0, 3)).toEqual(Uint8Array.of(1, 2, 3));
      }));

    it('closes twice', () =>
      use(CONTRACT_CONTENT, async (store) => {
        await store.close();
        await store.close();
      }));
  });
}
