import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { createStore, writableStore } from '@wardrobe/kloset';
import { copyFixtureStore, FIXTURE_PASSPHRASE, temporaryFolder } from '@wardrobe/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { jsonLines, wardrobe } from './run-wardrobe.js';

const SECOND = 'Kessel?Zwiebel!Mond-93';
let env: Record<string, string>;
let second: string;

beforeAll(async () => {
  env = { WARDROBE_INDEX: await temporaryFolder('index'), WARDROBE_CONFIG: await temporaryFolder('config'), WARDROBE_PASSPHRASE: FIXTURE_PASSPHRASE };
  second = join(await temporaryFolder('second'), 'store');
  await createStore(writableStore(fsStore(second)), { line: '1.1', passphrase: SECOND, kdf: { memoryKiB: 64, passes: 1 } });
});

const idsOf = async (store: string, passphrase = FIXTURE_PASSPHRASE): Promise<string[]> =>
  jsonLines((await wardrobe(['at', store, 'ls', '--json'], { ...env, WARDROBE_PASSPHRASE: passphrase })).out).map((line) => String(line['id']));

describe('sync', () => {
  it('copies to a store with another passphrase, shows beforehand what, and has nothing to do the second time', async () => {
    const store = await copyFixtureStore('v10-plain-desync');
    const ids = await idsOf(store);
    const keyfile = join(await temporaryFolder('key'), 'second.key');
    await writeFile(keyfile, `${SECOND}\n`);
    const plan = await wardrobe(['at', store, 'sync', '--dry-run', '--json', '--to-keyfile', keyfile, 'to', second], env);
    expect(plan.code, plan.err).toBe(0);
    const actions = jsonLines(plan.out).filter((line) => 'action' in line);
    expect(new Set(actions.map((line) => line['id']))).toEqual(new Set(ids));
    expect(actions.every((line) => line['action'] === 'copy' && line['to'] === second)).toBe(true);
    expect(await idsOf(second, SECOND)).toEqual([]);

    const one = ids[0] as string;
    const only = await wardrobe(['at', store, 'sync', one.slice(0, 8), 'to', second], { ...env, WARDROBE_SYNC_PASSPHRASE: SECOND });
    expect([only.code, only.err]).toEqual([0, '']);
    expect(only.out).toContain('equal to the original');
    expect(await idsOf(second, SECOND)).toEqual([one]);

    const all = await wardrobe(['at', store, 'sync', '--json', 'to', second], { ...env, WARDROBE_SYNC_PASSPHRASE: SECOND });
    expect(all.code, all.err).toBe(0);
    expect(jsonLines(all.out).at(-1)).toEqual({ summary: { copied: ids.length - 1, present: 1, deleted: 0, failed: 0, dryRun: false, complete: true } });
    expect(new Set(await idsOf(second, SECOND))).toEqual(new Set(ids));
    const listed = jsonLines((await wardrobe(['at', second, 'ls', '--json'], { ...env, WARDROBE_PASSPHRASE: SECOND })).out);
    for (const line of listed) expect(line['syncedFrom']).toEqual([{ repositoryId: expect.any(String), snapshot: line['id'], at: expect.any(String) }]);
    const about = await wardrobe(['at', second, 'info', one.slice(0, 8), '--json'], { ...env, WARDROBE_PASSPHRASE: SECOND });
    const [source] = jsonLines((await wardrobe(['at', store, 'info', '--json'], env)).out);
    expect(jsonLines(about.out)).toMatchObject([{ id: one, availability: 'live', syncedFrom: [{ repositoryId: source?.['repositoryId'], snapshot: one }] }]);
    const words = await wardrobe(['at', second, 'info', one.slice(0, 8)], { ...env, WARDROBE_PASSPHRASE: SECOND });
    expect([words.code, words.err]).toEqual([0, '']);
    expect(words.out).toMatch(new RegExp(`synchronised +\\d{4}-\\d\\d-\\d\\d [\\d:]{8} UTC from repository ${String(source?.['repositoryId'])} into `));
    expect((await wardrobe(['at', store, 'info', one.slice(0, 8)], env)).out).not.toContain('synchronised');
    expect((await wardrobe(['at', store, 'info', 'ffffffffffff'], env)).code).toBe(1);
    const again = await wardrobe(['at', second, 'sync', 'from', store], { ...env, WARDROBE_PASSPHRASE: SECOND });
    expect([again.code, again.out]).toEqual([0, `0 snapshots copied and compared; ${ids.length} there already.\n`]);
    const check = await wardrobe(['at', second, 'check'], { ...env, WARDROBE_PASSPHRASE: SECOND });
    expect(check.code, check.err).toBe(0);
  });

  it('with: both stores have everything in the end', async () => {
    const [a, b] = [await copyFixtureStore('v10-plain-desync'), await copyFixtureStore('v11-plain-desync')];
    const wanted = new Set([...(await idsOf(a)), ...(await idsOf(b))]);
    const ran = await wardrobe(['at', a, 'sync', 'with', b], env);
    expect(ran.code, ran.err).toBe(0);
    expect(new Set(await idsOf(a))).toEqual(wanted);
    expect(new Set(await idsOf(b))).toEqual(wanted);
  });

  it('is refused without a direction, for one store by two names, and without the second passphrase', async () => {
    const store = await copyFixtureStore('v10-plain-desync');
    for (const words of [['to'], ['onto', second], ['zz', 'to', second]]) expect((await wardrobe(['at', store, 'sync', ...words], env)).code).toBe(1);
    const alias = join(await temporaryFolder('alias'), 'link');
    await symlink(store, alias);
    expect(await wardrobe(['at', store, 'sync', 'to', alias], env)).toMatchObject({ code: 1, err: expect.stringContaining('open already') });
    expect(await wardrobe(['at', store, 'sync', 'to', second], env)).toMatchObject({ code: 77, err: expect.stringContaining('--to-keyfile') });
    expect((await wardrobe(['at', store, 'sync', 'to', second], { ...env, WARDROBE_SYNC_PASSPHRASE: 'wrong' })).code).toBe(77);
    const empty = join(await temporaryFolder('empty'), 'none');
    await mkdir(empty);
    expect((await wardrobe(['at', store, 'sync', 'to', empty], env)).code).toBe(1);
    expect((await wardrobe(['at', store, 'sync', 'ffffffffffff', 'to', second], { ...env, WARDROBE_SYNC_PASSPHRASE: SECOND })).code).toBe(1);
  });
});

describe('dup', () => {
  it('makes a second snapshot that stays when the first is removed', async () => {
    const store = await copyFixtureStore('v11-plain-desync');
    const before = await idsOf(store);
    const original = before[0] as string;
    expect((await wardrobe(['at', store, 'dup', '--dry-run', original.slice(0, 8)], env)).out).toContain(original.slice(0, 8));
    expect(await idsOf(store)).toEqual(before);
    const made = await wardrobe(['at', store, 'dup', '--json', original.slice(0, 8)], env);
    expect(made.code, made.err).toBe(0);
    const [copy] = (await idsOf(store)).filter((id) => !before.includes(id));
    expect(jsonLines(made.out)).toEqual([{ duplicate: { original, copy, signed: false } }]);
    expect((await wardrobe(['at', store, 'rm', '--apply', original], env)).code).toBe(0);
    const check = await wardrobe(['at', store, 'check', String(copy).slice(0, 8)], env);
    expect(check.code, check.err).toBe(0);
    expect((await wardrobe(['at', store, 'dup', 'ffffffffffff'], env)).code).toBe(1);
    expect((await wardrobe(['at', store, 'dup', 'no-id'], env)).code).toBe(1);
  });
});
