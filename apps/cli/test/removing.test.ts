import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyFixtureStore, FIXTURE_PASSPHRASE, temporaryFolder } from '@wardrobe/testing';
import { fsStore } from '@wardrobe/connector-fs';
import { copyToMemory } from '@wardrobe/connector-memory';
import { openRepository, StoreError } from '@wardrobe/kloset';
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../src/env.js';
import { removeListed } from '../src/remove-listed.js';
import { jsonLines, wardrobe } from './run-wardrobe.js';

async function copied(name: Parameters<typeof copyFixtureStore>[0]) {
  const env = { WARDROBE_INDEX: await temporaryFolder('index'), WARDROBE_CONFIG: await temporaryFolder('config'), WARDROBE_PASSPHRASE: FIXTURE_PASSPHRASE };
  const store = await copyFixtureStore(name);
  const run = (...args: string[]) => wardrobe(['at', store, ...args], env);
  const ids = async (...args: string[]) => jsonLines((await run('ls', '--json', ...args)).out).map((line) => String(line['id']));
  return { store, env, run, ids };
}

describe.each(['v10-plain-desync', 'v11-plain-desync'] as const)('rm and prune on %s', (name) => {
  it('rm shows what it would do and changes nothing; with --apply it is done, for other readers too', async () => {
    const { store, env, run, ids } = await copied(name);
    const [newest, ...older] = await ids();
    const plan = await run('rm', String(newest).slice(0, 8), '--json');
    expect([plan.code, jsonLines(plan.out)]).toMatchObject([
      0,
      [
        { action: 'remove', id: newest },
        { removed: 0, selected: 1, applied: false },
      ],
    ]);
    expect(await ids()).toEqual([newest, ...older]);
    const done = await run('rm', '--apply', String(newest).slice(0, 8));
    expect([done.code, done.err, done.out]).toMatchObject([0, '', expect.stringContaining('1 snapshot removed')]);
    expect(await ids()).toEqual(older);
    const elsewhere = await wardrobe(['--no-index', 'at', store, 'ls', '--json', '--deleted'], env);
    expect(jsonLines(elsewhere.out).find((line) => line['id'] === newest)).toMatchObject({ availability: 'deleted' });
  });

  it('prune keeps what a period keeps and says why', async () => {
    const { run, ids } = await copied(name);
    const before = await ids();
    const policy = join(await temporaryFolder('policy'), 'policies.yml');
    await writeFile(policy, 'version: v1.0.0\npolicies:\n  one:\n    periods:\n      year: {cap: 1}\n');
    const plan = await run('prune', '--policy', 'one', '--policies', policy);
    expect(plan.code, plan.err).toBe(0);
    expect(plan.out.split('\n')[0]).toMatch(/^keep {4}\S+ +[0-9a-f]{8} .* match=year:2026 rank=1 cap=1$/);
    expect(plan.out.split('\n')[1]).toMatch(/^delete {2}.* reason=exceeds per-bucket cap match=year:2026 rank=2 cap=1$/);
    expect(await ids()).toEqual(before);
    const done = await run('prune', '--policy', 'one', '--policies', policy, '--apply', '--json');
    expect(jsonLines(done.out).at(-1)).toEqual({ removed: before.length - 1, selected: before.length - 1, applied: true, complete: true });
    expect(await ids()).toEqual(before.slice(0, 1));
    expect((await run('check')).code).toBe(0);
  });
});

describe('rm and prune', () => {
  it('refuse to go by nothing, by an empty condition, by an unknown or ambiguous id', async () => {
    const { run, ids } = await copied('v10-plain-desync');
    const before = await ids();
    for (const args of [
      ['rm', '--apply'],
      ['prune', '--apply'],
      ['rm', '--apply', '--name', ''],
      ['rm', '--apply', '--tag', '!'],
      ['prune', '--apply', '--days', '0'],
      ['rm', '--apply', '0'.repeat(20)],
      ['rm', '--apply', 'x'],
      ['prune', '--policy', 'none', '--apply'],
      ['rm', '--before', 'soon', '--apply'],
    ]) {
      const run1 = await run(...args);
      expect([args, run1.code]).toEqual([args, 1]);
      expect(run1.err).toMatch(/^wardrobe: [^\n]+\n/);
    }
    expect(await ids()).toEqual(before);
  });
  it('prune does not go on while a state cannot be read', async () => {
    const { store, run, ids } = await copied('v10-plain-desync');
    const state = join(store, 'states', '00', '0'.repeat(64));
    await mkdir(join(store, 'states', '00'), { recursive: true });
    await writeFile(state, 'no state');
    const refused = await run('prune', '--per-year', '1', '--apply');
    expect([refused.code, refused.err]).toMatchObject([65, expect.stringContaining('repair')]);
    await rm(state);
    expect((await ids()).length).toBeGreaterThan(1);
  });
  it('when a write fails, what is removed and what is not is said', async () => {
    const store = await copyToMemory(fsStore(await copyFixtureStore('v10-plain-desync')));
    const repository = await openRepository(store);
    const ids = repository.view.live.map(({ id }) => id);
    const [write, adopt] = [store.write.bind(store), store.adopt.bind(store)];
    let writes = 0;
    const down = (): Promise<never> => Promise.reject(new StoreError('the line is down'));
    store.write = (...args) => (++writes > 1 ? down() : write(...args));
    store.adopt = (...args) => (++writes > 1 ? down() : adopt(...args));
    const said: string[] = [];
    const printed: unknown[] = [];
    const quiet = { show() {}, clear() {} };
    const terminal = {
      line: async () => {},
      json: async (value: unknown) => void printed.push(value),
      bytes: async () => {},
      warn: (text: string) => void said.push(text),
      progress: quiet,
      flush: async () => {},
    };
    const session = {
      terminal,
      env: readEnvironment({}),
      storeText: '',
      storeLocation: '',
      storeOptions: [],
      keyfile: null,
      useIndex: false,
      signal: new AbortController().signal,
      onClose: [],
    };
    await expect(removeListed(session, repository, { ids, apply: true, json: true })).rejects.toThrow(/line is down/);
    expect(printed.at(-1)).toEqual({ removed: ids.slice(0, 1), notRemoved: ids.slice(1), selected: ids.length, applied: true, complete: false });
    expect(said).toEqual([
      expect.stringMatching(new RegExp(`^removed: ${String(ids[0]).slice(0, 8)}; not removed: ${String(ids[1]).slice(0, 8)}.*It is safe`)),
    ]);
  });
});
