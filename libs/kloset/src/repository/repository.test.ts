import { availableFixtures, COMMITTED_FIXTURES, expectedText, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { openFixture } from '../../test/open-fixture.js';
import { InvalidInputError, NotFoundError, PassphraseNeededError, WrongPassphraseError } from '../errors/errors.js';
import { fsStore } from '@wardrobe/connector-fs';
import { deriveSecret, readConfig } from './config-file.js';
import { openRepository } from './repository.js';

/** Snapshots that plakar shows, and those removed. In the desync stores the state of the fourth is lost. */
const SNAPSHOTS = { healthy: { live: 3, deleted: 0 }, desync: { live: 2, deleted: 1 } };
const SNAPSHOT = 5;

describe.each(availableFixtures())('%s', (name) => {
  it('opens, and shows what plakar shows', async () => {
    const repository = await openFixture(name);
    const expected = name.endsWith('healthy') ? SNAPSHOTS.healthy : SNAPSHOTS.desync;
    expect(repository.view.unreadable).toEqual([]);
    expect(repository.view.mergeHazards()).toEqual([]);
    expect({ live: repository.view.live.length, deleted: repository.view.deleted.length }).toEqual(expected);
    expect(repository.encrypted).toBe(name.includes('-enc-'));
    expect(repository.view.states.every((state) => state.version === (name.startsWith('v10') ? '1.0.0' : '1.1.0'))).toBe(true);
    for (const snapshot of repository.view.live) expect(snapshot.states).toContain(snapshot.id);
  });

  it('every blob of the view is read and verified, one by one and many at once', async () => {
    const repository = await openFixture(name);
    for (const { id } of repository.view.packfiles()) expect(await repository.verifyPackfile(id)).toMatchObject({ nameKnown: true });
    const ids = repository.view.live.map((snapshot) => snapshot.id);
    for (const id of ids) expect((await repository.get(SNAPSHOT, id)).length).toBeGreaterThan(200);
    const many: string[] = [];
    for await (const result of repository.getMany(SNAPSHOT, [...ids, ...ids])) if ('bytes' in result) many.push(result.id);
    expect(many).toEqual([...ids, ...ids]);
  });

  it('an id that is not there is a NotFoundError, alone and among many', async () => {
    const repository = await openFixture(name);
    const absent = repository.mac(new Uint8Array(99));
    await expect(repository.get(9, absent)).rejects.toBeInstanceOf(NotFoundError);
    for await (const result of repository.getMany(9, [absent])) expect('error' in result && result.error).toBeInstanceOf(NotFoundError);
    expect(repository.has(9, absent)).toBe(false);
  });
});

describe.each(COMMITTED_FIXTURES)('hidden snapshots of %s', (name) => {
  it('the fourth snapshot is found with no report at all, and its header is readable', async () => {
    const repository = await openFixture(name);
    const lostState = (await expectedText(await unpackFixture(name), 'lost-state.txt')).match(/[0-9a-f]{64}/)?.[0];
    const nowMs = Date.now();
    const hidden = await repository.hidden({ nowMs, onProblem: (problem) => expect(problem).toBeNull() });
    expect(hidden.map((snapshot) => snapshot.id)).toEqual([lostState]);
    const source = await repository.withOrphans();
    for (const { id } of hidden) {
      expect((await source.get(SNAPSHOT, id)).length).toBeGreaterThan(200);
      await expect(repository.get(SNAPSHOT, id)).rejects.toBeInstanceOf(NotFoundError);
    }
  });
});

describe('the lock of a hidden snapshot', () => {
  it('a fresh lock under its id says that a backup may be running; one left behind does not', async () => {
    // Of the committed fixtures only this one still holds the lock of the lost backup.
    const repository = await openFixture('v11-plain-desync');
    const locks = await repository.locks();
    expect(locks.every((lock) => lock.error === undefined && lock.hostname !== '')).toBe(true);
    const [hidden] = await repository.hidden({ nowMs: Date.now() });
    const lock = locks.find((found) => found.id === hidden?.id);
    const writtenMs = Number((lock?.timestampNs ?? 0n) / 1_000_000n);
    expect(lock).toBeDefined();
    expect(await repository.hidden({ nowMs: writtenMs + 60_000 })).toMatchObject([{ lock: { host: lock?.hostname, ageSeconds: 60 } }]);
    expect(await repository.hidden({ nowMs: writtenMs + 331_000 })).toMatchObject([{ lock: null }]);
  });
});

describe('keys', () => {
  it('a wrong passphrase is a WrongPassphraseError, a missing one a PassphraseNeededError', async () => {
    const fixture = await unpackFixture('v11-enc-desync');
    await expect(openRepository(fsStore(fixture.storeDir), { passphrase: 'wrong' })).rejects.toBeInstanceOf(WrongPassphraseError);
    await expect(openRepository(fsStore(fixture.storeDir), { secret: new Uint8Array(32) })).rejects.toBeInstanceOf(WrongPassphraseError);
    await expect(openRepository(fsStore(fixture.storeDir))).rejects.toBeInstanceOf(PassphraseNeededError);
  });

  it('a plain store has no secret and ignores a passphrase', async () => {
    const fixture = await unpackFixture('v10-plain-desync');
    const repository = await openRepository(fsStore(fixture.storeDir), { passphrase: 'any' });
    expect(repository.secret).toBeNull();
    await expect(deriveSecret(await readConfig(fsStore(fixture.storeDir)), 'any')).rejects.toBeInstanceOf(InvalidInputError);
  });
});
