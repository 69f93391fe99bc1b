import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { assertOracle, type Oracle, oracle, oracleAvailable, seededRandom, temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { V1_0_0, V1_1_0 } from '../../codec/version.js';
import { wrapEnvelope } from '../../format/envelope.js';
import { openRepository } from '../../repository/repository.js';
import { writableStore } from '../../repository/writer.js';
import { StateBuilder } from '../../state/state-builder.js';
import { fsStore } from '@wardrobe/connector-fs';
import { applyRepair } from './apply.js';
import { planRepair } from './plan.js';

const random = seededRandom(99);
const LATER_MS = 3_600_000;
/** Leftover locks and packfiles written only now keep a repair waiting: the tests let an hour pass. */
const environment = { nowMs: () => Date.now() + LATER_MS };

it('the oracle can run here, or it is said why not', () => {
  assertOracle();
});

if (oracleAvailable())
  describe('plakar itself, after a repair,', () => {
    const lines = new Map<'1.0' | '1.1', Oracle>();
    const by = (line: '1.0' | '1.1'): Oracle => lines.get(line) as Oracle;
    beforeAll(async () => {
      for (const line of ['1.0', '1.1'] as const) lines.set(line, await oracle(line));
    }, 900_000);
    afterAll(async () => {
      for (const one of lines.values()) await one.close();
    });

    async function source(names: readonly string[]): Promise<string> {
      const folder = join(await temporaryFolder('repair-source'), 'src');
      await mkdir(join(folder, 'deep'), { recursive: true });
      for (const name of names) await writeFile(join(folder, name), random.bytes(3000));
      return folder;
    }

    async function made(line: '1.0' | '1.1') {
      const folder = await temporaryFolder('repair-oracle');
      const store = join(folder, 'store');
      await by(line).create({ store });
      return { store, alpha: { store, cache: join(folder, 'alpha'), hostname: 'alpha' }, bravo: { store, cache: join(folder, 'bravo'), hostname: 'bravo' } };
    }

    async function mend(store: string) {
      const repository = await openRepository(fsStore(store));
      const plan = await planRepair(repository, { nowMs: environment.nowMs() });
      const result = await applyRepair(repository, plan, { environment });
      expect(result.proofs.flatMap(({ problems }) => problems)).toEqual([]);
      expect(result.left.actions).toEqual([]);
      return plan;
    }

    /** Every line that can open the store sees these snapshots, whole, on a fresh machine and on those that knew it before. */
    async function allSee(
      expected: readonly string[],
      where: { readonly line: '1.0' | '1.1'; readonly store: string; readonly machines: readonly { readonly store: string; readonly cache: string }[] },
    ) {
      const { line, store, machines } = where;
      for (const reader of line === '1.0' ? (['1.0', '1.1'] as const) : (['1.1'] as const)) {
        const views = [{ store }, ...(reader === line ? machines : [])];
        for (const view of views) {
          const checked = await by(reader).check(view);
          expect(checked.map(({ snapshot, whole, problems }) => ({ snapshot, whole, problems })).sort(bySnapshot)).toEqual(
            [...expected].sort().map((snapshot) => ({ snapshot, whole: true, problems: [] })),
          );
        }
      }
    }

    async function putState(
      store: string,
      state: { readonly id: StateId; readonly version: '1.0.0' | '1.1.0'; readonly parent?: StateId; readonly fill: (builder: StateBuilder) => void },
    ) {
      const repository = await openRepository(fsStore(store));
      const builder = new StateBuilder();
      state.fill(builder);
      const end = { version: state.version, timestampNs: BigInt(Date.now()) * 1_000_000n, serial: repository.id, parent: state.parent ?? null };
      const body = repository.keys.encoder((lengthBytes) => random.bytes(lengthBytes))(builder.finish(end));
      const version = state.version === '1.1.0' ? V1_1_0 : V1_0_0;
      await writableStore(repository.store).write(
        'state',
        state.id,
        wrapEnvelope('state', body, { version, hash: (bytes) => repository.keys.algorithm.hash(bytes) }),
      );
    }

    describe.each(['1.0', '1.1'] as const)('in a store of line %s', (line) => {
      it('sees a snapshot whose state was lost, and all of them when every state was', async () => {
        const { store, alpha, bravo } = await made(line);
        const folder = await source(['a', 'deep/b']);
        const first = await by(line).backup(alpha, folder);
        await writeFile(join(folder, 'c'), random.bytes(3000));
        const second = await by(line).backup(bravo, folder);
        await rm(join(store, 'states', second.slice(0, 2), second));
        expect((await by(line).ls({ store })).map(({ snapshot }) => snapshot)).toEqual([first]);
        await mend(store);
        await allSee([first, second], { line, store, machines: [alpha, bravo] });
        for (const state of [first, second]) await rm(join(store, 'states', state.slice(0, 2), state));
        await mend(store);
        await allSee([first, second], { line, store, machines: [alpha, bravo] });
      });

      it('sees snapshots whose packfiles were left coloured, on machines that merged the colours too', async () => {
        const { store, alpha } = await made(line);
        const folder = await source(['a', 'deep/b']);
        const first = await by(line).backup(alpha, folder);
        const { view } = await openRepository(fsStore(store));
        const headers = new Set(view.live.flatMap(({ packfiles }) => packfiles));
        const coloured = [...view.packfiles()].map(({ id }) => id).filter((id) => line === '1.1' || !headers.has(id));
        expect(coloured.length).toBeGreaterThan(0);
        const version = line === '1.1' ? '1.1.0' : '1.0.0';
        const whenNs = BigInt(Date.now()) * 1_000_000n;
        const fill = (builder: StateBuilder): void => {
          for (const id of coloured) builder.colour(4, id as PackfileId, whenNs);
        };
        await putState(store, { id: random.hex64() as StateId, version, fill });
        expect((await by(line).check(alpha)).every(({ whole }) => whole) && (await by(line).ls(alpha)).length === 1).toBe(false);
        const plan = await mend(store);
        expect(plan.actions.map(({ kind }) => kind)).toEqual([line === '1.1' ? 'uncolour' : 'store-again']);
        await allSee([first], { line, store, machines: [alpha] });
      });
    });

    it.each(['1.0', '1.1'] as const)('of line %s stores again what a packfile held that is gone, and older snapshots are whole again', async (line) => {
      const { store, alpha, bravo } = await made(line);
      const folder = await source(['a', 'deep/b']);
      const first = await by(line).backup(alpha, folder);
      const { view } = await openRepository(fsStore(store));
      const headers = new Set(view.live.flatMap(({ packfiles }) => packfiles));
      const gone = [...view.packfiles()].map(({ id }) => id).filter((id) => !headers.has(id));
      expect(gone.length).toBeGreaterThan(0);
      for (const id of gone) await rm(join(store, 'packfiles', id.slice(0, 2), id));
      const repository = await openRepository(fsStore(store));
      const plan = await planRepair(repository, { nowMs: environment.nowMs() });
      expect(plan.problems.flatMap(({ snapshots }) => snapshots)).toContain(first);
      await applyRepair(repository, plan, { environment });
      const second = await by(line).backup(bravo, folder, { noParent: true });
      expect((await planRepair(await openRepository(fsStore(store)), { nowMs: environment.nowMs() })).problems).toEqual([]);
      await allSee([first, second], { line, store, machines: [bravo] });
    });

    it('of line 1.1 finds the entries of its backup on top of one of line 1.0', async () => {
      const { store, alpha, bravo } = await made('1.0');
      const folder = await source(['a', 'b', 'deep/c']);
      const first = await by('1.0').backup(alpha, folder);
      const upgraded = { ...bravo, hostname: 'alpha' };
      const second = await by('1.1').backup(upgraded, folder);
      expect((await by('1.1').check({ store }, second)).map(({ whole }) => whole)).toEqual([false]);
      const plan = await mend(store);
      expect(plan.actions.map(({ kind }) => kind)).toEqual(['rebuild-entries']);
      await allSee([first, second], { line: '1.1', store, machines: [upgraded] });
    });

    it.each(['00', 'ff'])('agrees on a snapshot that a state %s deleted out of order', async (prefix) => {
      const { store, alpha } = await made('1.1');
      const folder = await source(['a']);
      const first = await by('1.1').backup(alpha, folder);
      const before = new Set([...(await openRepository(fsStore(store))).view.packfiles()].map(({ id }) => id));
      await writeFile(join(folder, 'z'), random.bytes(3000));
      const second = (await by('1.1').backup(alpha, folder)) as SnapshotId;
      const { view } = await openRepository(fsStore(store));
      const packfiles = [...view.packfiles()].map(({ id }) => id).filter((id) => !before.has(id));
      const fill = (builder: StateBuilder): void => {
        for (const id of packfiles) builder.deletePackfile(id);
      };
      await putState(store, { id: `${prefix}${random.hex64().slice(2)}` as StateId, version: '1.1.0', parent: first as StateId, fill });
      await mend(store);
      await allSee([first, second], { line: '1.1', store, machines: [alpha] });
    });
  });

function bySnapshot(a: { readonly snapshot: string }, b: { readonly snapshot: string }): number {
  return a.snapshot < b.snapshot ? -1 : 1;
}
