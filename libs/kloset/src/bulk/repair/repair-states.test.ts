import { COMMITTED_FIXTURES, copyFixtureStore, FIXTURE_PASSPHRASE } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { openRepository } from '../../repository/repository.js';
import type { Repository } from '../../repository/types.js';
import { fsStore } from '@wardrobe/connector-fs';
import { applyRepair } from './apply.js';
import { planRepair } from './plan.js';

const LOST: Readonly<Record<string, string>> = {
  'v10-plain-desync': '88144fd5',
  'v10-enc-desync': '58288147',
  'v11-plain-desync': '23d9a1da',
  'v11-enc-desync': 'a82a6894',
};

const secrets = new Map<string, Uint8Array | null>();

/** Derives the key of an encrypted fixture once. */
async function openFixture(folder: string, name: string): Promise<Repository> {
  const passphrase = name.includes('-enc-') ? FIXTURE_PASSPHRASE : undefined;
  const repository = await openRepository(fsStore(folder), { passphrase, secret: secrets.get(name) ?? undefined });
  secrets.set(name, repository.secret);
  return repository;
}

describe.each(COMMITTED_FIXTURES)('%s', (name) => {
  it('a lost state is rebuilt from the packfiles alone, and a second run finds nothing to do', async () => {
    const folder = await copyFixtureStore(name);
    const repository = await openFixture(folder, name);
    const before = repository.view.live.map(({ id }) => id);
    const plan = await planRepair(repository, { nowMs: Date.now() });
    expect(plan.actions.map(({ kind }) => kind)).toEqual(['rebuild-state']);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    const result = await applyRepair(repository, plan, {});
    expect(result.proofs.map(({ isWhole, problems }) => ({ isWhole, problems }))).toEqual([{ isWhole: true, problems: [] }]);
    expect(result.left.actions).toEqual([]);
    const afresh = await openFixture(folder, name);
    const lost = afresh.view.live.map(({ id }) => id).filter((id) => !before.includes(id));
    expect(lost.map((id) => id.slice(0, 8))).toEqual([LOST[name]]);
    expect((await planRepair(afresh, { nowMs: Date.now() })).actions).toEqual([]);
  });
});
