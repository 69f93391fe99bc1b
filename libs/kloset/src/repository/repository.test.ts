import { availableFixtures, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { NotFoundError, PassphraseNeededError, WrongPassphraseError } from '../errors/errors.js';
import { fsStore } from '../stores/fs/fs-store.js';
import { openRepository } from './repository.js';

/** Snapshots that plakar shows, and those removed. In the desync stores the state of the fourth is lost. */
const SNAPSHOTS = { healthy: { live: 3, deleted: 0 }, desync: { live: 2, deleted: 1 } };

describe.each(availableFixtures())('%s', (name) => {
  it('opens, and shows what plakar shows', async () => {
    const fixture = await unpackFixture(name);
    const repository = await openRepository(fsStore(fixture.storeDir), { passphrase: fixture.passphrase });
    const expected = name.endsWith('healthy') ? SNAPSHOTS.healthy : SNAPSHOTS.desync;
    expect(repository.view.unreadable).toEqual([]);
    expect({ live: repository.view.live.length, deleted: repository.view.deleted.length }).toEqual(expected);
    expect(repository.encrypted).toBe(name.includes('-enc-'));
  });

  it('gives every snapshot header, and many blobs at once', async () => {
    const fixture = await unpackFixture(name);
    const repository = await openRepository(fsStore(fixture.storeDir), { passphrase: fixture.passphrase });
    for (const snapshot of repository.view.live) expect((await repository.get(5, snapshot.id)).length).toBeGreaterThan(200);
    const ids = repository.view.live.map((snapshot) => snapshot.id);
    for await (const result of repository.getMany(5, ids)) expect('bytes' in result).toBe(true);
  });

  it('an id that is not there is a NotFoundError', async () => {
    const fixture = await unpackFixture(name);
    const repository = await openRepository(fsStore(fixture.storeDir), { passphrase: fixture.passphrase });
    await expect(repository.get(9, repository.mac(new Uint8Array(99)))).rejects.toBeInstanceOf(NotFoundError);
  });
});

describe('keys', () => {
  it('a wrong passphrase is a WrongPassphraseError, a missing one a PassphraseNeededError', async () => {
    const fixture = await unpackFixture('v11-enc-desync');
    await expect(openRepository(fsStore(fixture.storeDir), { passphrase: 'wrong' })).rejects.toBeInstanceOf(WrongPassphraseError);
    await expect(openRepository(fsStore(fixture.storeDir))).rejects.toBeInstanceOf(PassphraseNeededError);
  });
});
