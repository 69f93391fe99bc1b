import type { SnapshotId } from '@wardrobe/kloset-model';
import { copyFixtureStore, FIXTURE_PASSPHRASE } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { oracleStore } from '../../test/open-oracle.js';
import { IntegrityError } from '../errors/errors.js';
import { openRepository } from '../repository/repository.js';
import { openWriter } from '../repository/writer.js';
import { openSnapshot } from '../snapshot/open.js';
import { fsStore } from '@wardrobe/connector-fs';
import { copyToMemory } from '@wardrobe/connector-memory';
import { entriesOf, problemsOf } from './backup/testing/backup-kit.js';
import { dupSnapshot } from './dup.js';

describe('dup', () => {
  it.each(['v10-plain-desync', 'v11-plain-desync', 'v11-enc-desync'] as const)('gives a snapshot of %s a second id and a time of its own', async (name) => {
    const store = await copyToMemory(fsStore(await copyFixtureStore(name)));
    const open = () => openRepository(store, name.includes('enc') ? { passphrase: FIXTURE_PASSPHRASE } : {});
    const repository = await open();
    const packfiles = store.items.packfile.size;
    const original = repository.view.live[0]?.id as SnapshotId;
    const before = (await openSnapshot(repository, original)).header;
    const made = await dupSnapshot(repository, original, { environment: { nowMs: () => 1_800_000_000_000 } });
    expect(made).toMatchObject({ original, signed: false });
    const again = await open();
    const copy = (await openSnapshot(again, made.copy)).header;
    const { id: _, timestampNs, durationNs, context, ...same } = copy;
    expect(before).toMatchObject(same);
    expect([timestampNs, durationNs]).toEqual([1_800_000_000_000_000_000n, 0n]);
    expect(context.at(-1)).toEqual({ key: 'DuplicatedFrom', value: original });
    expect(await entriesOf(again, made.copy)).toEqual(await entriesOf(again, original));
    expect(await problemsOf(again, made.copy)).toEqual([]);
    expect(store.items.packfile.size).toBe(packfiles + 1);
    expect([...store.items.lock.keys()].includes(made.copy)).toBe(false);
  });

  it('takes no signature along', async () => {
    const store = await copyToMemory(await oracleStore('oracle-v11-sha256-pbkdf2-signed'));
    const repository = await openRepository(store, { passphrase: 'oracle passphrase ü' });
    const original = repository.view.live[0]?.id as SnapshotId;
    const made = await dupSnapshot(repository, original);
    expect(made.signed).toBe(true);
    expect((await openSnapshot(repository, made.copy)).header.signed).toBe(false);
    expect(await problemsOf(repository, made.copy)).toEqual([]);
  });

  it('is refused when packfiles of the snapshot are scheduled for deletion', async () => {
    const store = await copyToMemory(fsStore(await copyFixtureStore('v10-plain-desync')));
    store.items.lock.clear();
    const repository = await openRepository(store);
    const original = repository.view.live[0]?.id as SnapshotId;
    const sweeper = await openWriter(repository, { lock: 'none' });
    for (const { id } of repository.view.packfiles()) sweeper.colour(4, id);
    await sweeper.commit({ state: 'content' });
    await sweeper.close();
    const states = store.items.state.size;
    await expect(dupSnapshot(repository, original)).rejects.toBeInstanceOf(IntegrityError);
    expect(store.items.state.size).toBe(states);
  });
});
