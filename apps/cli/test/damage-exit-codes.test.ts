import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { applyDamage, copyFixtureStore, seededRandom, temporaryFolder } from '@wardrobe/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { mapStore, type StoreMap } from './damage/store-map.js';
import { jsonLines, type Run, wardrobe } from './run-wardrobe.js';

/** The rules of the exit codes, one by one, on processes as a user starts them. */
const REMOVED = '503ede2c';
const SECOND = 'cead9474';
const LAPTOP = 'd9a92e06';
const HIDDEN = '88144fd5';
const random = seededRandom(20_261_123);

let map: StoreMap;
let store: string;
let index: string;
beforeAll(async () => {
  store = await copyFixtureStore('v10-plain-desync');
  map = await mapStore(store, undefined);
  index = await temporaryFolder('index');
});

const run = (...args: readonly string[]): Promise<Run> => wardrobe(['at', store, ...args], { WARDROBE_INDEX: index });
const stateOf = (prefix: string) => map.targets.get('state')?.find((target) => target.file.startsWith(prefix))?.path ?? '';

/** Runs `look` while one file is damaged. */
async function whileDamaged<T>(path: string, look: () => Promise<T>, region?: { readonly start: number; readonly end: number }): Promise<T> {
  const undo = await applyDamage({ kind: '8 bytes' }, { path, region }, random);
  try {
    return await look();
  } finally {
    await undo?.();
  }
}

describe('a state that cannot be read', () => {
  it.each([['info'], ['ls'], ['diff', SECOND, LAPTOP], ['states']])(
    '%s ends with 65, prints what it has, and says at the end that it is incomplete',
    async (...args) => {
      const state = stateOf('79f8dbcd');
      const result = await whileDamaged(state, () => run(...args, '--json'));
      expect(result.code).toBe(65);
      const lines = jsonLines(result.out);
      expect(lines.length).toBeGreaterThan(1);
      expect(lines.at(-1)).toMatchObject({ incomplete: true, unreadableStates: [state.slice(-64)] });
      expect(result.err).toContain(state.slice(-64));
    },
  );

  it('does not keep cat, restore and check of what it does not hit from ending with 0', async () => {
    await whileDamaged(stateOf('79f8dbcd'), async () => {
      const cat = await run('cat', `${LAPTOP}:README.md`);
      expect([cat.code, cat.err]).toEqual([0, '']);
      expect((await run('restore', '--to', join(await temporaryFolder('out'), 'a'), LAPTOP)).code).toBe(0);
      expect((await run('check', LAPTOP)).code).toBe(0);
      expect((await run('check')).code).toBe(65);
    });
  });

  it('hides no snapshot that other states bring', async () => {
    const result = await whileDamaged(stateOf('d9a92e06'), () => run('ls', '--json'));
    expect(result.code).toBe(65);
    expect(jsonLines(result.out).map((line) => String(line['id'] ?? '').slice(0, 8))).toContain(SECOND);
  });
});

describe('only warnings', () => {
  it('hidden snapshots: ls ends with 0 and names them', async () => {
    const result = await run('ls');
    expect(result.code).toBe(0);
    expect(result.err).toContain(HIDDEN);
    expect(result.out).not.toContain(HIDDEN);
  });

  it('damaged locks: ls, info, locks, hidden and check end with 0', async () => {
    const lock = map.targets.get('lock')?.[0];
    await whileDamaged(lock?.path ?? '', async () => {
      for (const args of [['ls'], ['info'], ['locks'], ['hidden'], ['check']]) expect((await run(...args)).code, args[0]).toBe(0);
      expect((await run('locks')).err).toContain(lock?.file);
      expect((await run('check')).out).toContain(lock?.file);
    });
  });
});

describe('deleted and hidden snapshots', () => {
  it.each([
    [REMOVED, '--deleted', 'deleted'],
    [HIDDEN, '--hidden', 'hidden'],
  ])('%s is reached only with %s, and is labelled', async (id, flag, word) => {
    for (const args of [
      ['ls', id],
      ['cat', `${id}:README.md`],
      ['restore', '--to', '/nonexistent/x', id],
      ['check', id],
      ['diff', id, LAPTOP],
    ])
      expect((await run(...args)).code, args[0]).toBe(1);
    expect((await run('ls', flag, id)).code).toBe(0);
    expect((await run('cat', flag, `${id}:README.md`)).code).toBe(0);
    expect((await run('check', flag, id)).code).toBe(0);
    const listed = jsonLines((await run('ls', flag, '--json')).out);
    expect(listed.find((line) => String(line['id']).startsWith(id))).toMatchObject({ availability: word });
  });
});

describe('damaged content', () => {
  it('cat and restore end with 65 only where it is hit; what can be restored is restored and counted', async () => {
    const chunk = map.targets.get('blob: chunk')?.find((target) => target.snapshots.size === 1 && [...target.snapshots][0]?.startsWith(LAPTOP));
    if (chunk?.region === undefined) throw new Error('no chunk that only one snapshot has');
    const sound = join(await temporaryFolder('out'), 'sound');
    expect((await run('restore', '--to', sound, LAPTOP)).code).toBe(0);
    await whileDamaged(
      chunk.path,
      async () => {
        const to = join(await temporaryFolder('out'), 'damaged');
        const restored = await run('restore', '--to', to, '--json', LAPTOP);
        const lines = jsonLines(restored.out);
        const hit = lines.filter((line) => line['severity'] === 'error').map((line) => String(line['path']));
        // The chunk may be that of a packed listing: then nothing is lost.
        if (hit.length === 0) expect(restored.code).toBe(0);
        else expect(restored.code).toBe(65);
        expect(lines.at(-1)).toMatchObject({ restored: { failed: hit.length } });
        for (const path of hit) expect((await run('cat', `${LAPTOP}:${path}`)).code, path).toBe(65);
        const spared = await run('cat', `${SECOND}:README.md`);
        expect([spared.code, spared.err]).toEqual([0, '']);
        expect((await run('restore', '--to', join(to, '..', 'other'), SECOND)).code).toBe(0);
        const checked = await run('check', '--json');
        expect(checked.code).toBe(65);
        for (const path of hit) expect(checked.out).toContain(JSON.stringify(path));
        expect(jsonLines(checked.out).at(-1)).toMatchObject({ checked: { damagedSnapshots: 1 } });
      },
      chunk.region,
    );
  });
});

describe('newer formats', () => {
  const bump = async (path: string, version: readonly number[], mac: (bytes: Uint8Array) => Uint8Array): Promise<() => Promise<void>> => {
    const good = await readFile(path);
    const bytes = Buffer.from(good);
    bytes.set(version, 12);
    const covered = bytes.subarray(0, -32);
    await writeFile(path, Buffer.concat([covered, mac(covered)]));
    return () => writeFile(path, good);
  };
  const macOf = async (): Promise<(bytes: Uint8Array) => Uint8Array> => {
    const { fsStore } = await import('@wardrobe/connector-fs');
    const { openRepository } = await import('@wardrobe/kloset');
    const repository = await openRepository(fsStore(store));
    return (bytes) => Buffer.from(repository.mac(bytes), 'hex');
  };

  it('a newer CONFIG opens nothing and says which version is known', async () => {
    const undo = await bump(join(store, 'CONFIG'), [0, 0, 2, 0], () => new Uint8Array(32));
    const result = await run('ls');
    await undo();
    expect(result.code).toBe(1);
    expect(result.err).toMatch(/2\.0\.0.*1\.0\.0/s);
    expect(result.err).toMatch(/[Uu]pdate/);
  });

  it('a newer state is told, and the others are listed', async () => {
    const undo = await bump(stateOf('79f8dbcd'), [0, 2, 1, 0], await macOf());
    const result = await run('ls', '--json');
    await undo();
    expect(result.code).toBe(65);
    expect(result.err).toMatch(/79f8dbcd.*1\.2\.0/s);
    expect(jsonLines(result.out).map((line) => String(line['id'] ?? '').slice(0, 8))).toEqual(expect.arrayContaining([LAPTOP, SECOND]));
  });

  it('a newer packfile is found by check', async () => {
    const packfile = map.targets.get('packfile')?.[0];
    const undo = await bump(packfile?.path ?? '', [0, 1, 1, 0], await macOf());
    const result = await run('check');
    await undo();
    expect(result.code).toBe(65);
    expect(result.out).toContain(packfile?.file);
    expect(result.out).toContain('1.1.0');
  });
});
