import { copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COMMITTED_FIXTURES, copyFixtureStore, type FixtureName, seededRandom, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import type { Mac } from '@wardrobe/kloset-model';
import { openFixture } from '../../test/open-fixture.js';
import { equalBytes } from '../bytes/bytes.js';
import { IntegrityError, KlosetError, NotAStoreError, NotFoundError } from '../errors/errors.js';

/** Every damage a file can suffer, on stores that plakar wrote. Inputs are seeded. */
type Damage = 'one bit' | '8 bytes' | 'truncated' | 'zeroed' | 'emptied' | 'deleted' | 'swapped' | 'overwritten by another' | 'from another store';
const DAMAGES: readonly Damage[] = [
  'one bit',
  '8 bytes',
  'truncated',
  'zeroed',
  'emptied',
  'deleted',
  'swapped',
  'overwritten by another',
  'from another store',
];
const SEED = 20_261_123;
const SNAPSHOT = 5;

async function damage(path: string, kind: Damage, options: { readonly other: string; readonly foreign: string }): Promise<void> {
  const random = seededRandom(SEED);
  const bytes = await readFile(path);
  if (kind === 'deleted') return rm(path);
  if (kind === 'overwritten by another') return copyFile(options.other, path);
  if (kind === 'from another store') return copyFile(options.foreign, path);
  if (kind === 'swapped') {
    await rename(path, `${path}.aside`);
    await rename(options.other, path);
    return rename(`${path}.aside`, options.other);
  }
  if (kind === 'truncated') return writeFile(path, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
  if (kind === 'emptied') return writeFile(path, new Uint8Array(0));
  if (kind === 'zeroed') return writeFile(path, new Uint8Array(bytes.length));
  const at = random.below(bytes.length);
  if (kind === 'one bit') bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  else for (let index = 0; index < 8; index += 1) bytes[(at + index) % bytes.length] = (bytes[(at + index) % bytes.length] as number) ^ 0xa5;
  return writeFile(path, bytes);
}

/** Files of one folder of a store, sorted. */
async function filesOf(store: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(store, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function foreignStore(name: FixtureName): Promise<string> {
  const other = COMMITTED_FIXTURES.find((fixture) => fixture !== name && fixture.slice(3) === name.slice(3)) as FixtureName;
  return (await unpackFixture(other)).storeDir;
}

const idOf = (path: string) => path.slice(-64) as Mac;
const cases = COMMITTED_FIXTURES.flatMap((name) => DAMAGES.map((kind) => [name, kind] as const));

describe.each(cases)('%s, %s', (name, kind) => {
  it('CONFIG: nothing opens, and the error is an expected one', async () => {
    const storeDir = await copyFixtureStore(name);
    const foreign = join(await foreignStore(name), 'CONFIG');
    if (kind === 'swapped' || kind === 'overwritten by another') return;
    await damage(join(storeDir, 'CONFIG'), kind, { other: foreign, foreign });
    if (kind === 'from another store') return expectOtherStore(name, storeDir);
    await expect(openFixture(name, { storeDir })).rejects.toBeInstanceOf(kind === 'deleted' ? NotAStoreError : KlosetError);
  });

  it('state: it is named as unreadable, and all that the other states say is still there', async () => {
    const sound = (await openFixture(name)).view;
    const storeDir = await copyFixtureStore(name);
    const [victim, other] = (await filesOf(storeDir, 'states')) as [string, string];
    await damage(victim, kind, { other, foreign: (await filesOf(await foreignStore(name), 'states'))[0] as string });
    const { view } = await openFixture(name, { storeDir });
    if (kind === 'swapped') {
      expect(view.live.map((snapshot) => snapshot.id).sort()).toEqual(sound.live.map((snapshot) => snapshot.id).sort());
      return;
    }
    expect(view.unreadable.map((state) => state.id)).toEqual(kind === 'deleted' ? [] : [idOf(victim)]);
    expect(view.states.map((state) => state.id)).not.toContain(idOf(victim));
    const broughtByOthers = sound.live.filter((snapshot) => snapshot.states.some((state) => state !== idOf(victim)));
    for (const { id } of broughtByOthers) expect([...view.live, ...view.deleted].map((snapshot) => snapshot.id)).toContain(id);
  });

  it('packfile: what is read is exact or an error, and reading it whole tells', async () => {
    const sound = await openFixture(name);
    const storeDir = await copyFixtureStore(name);
    const [victim, other] = (await filesOf(storeDir, 'packfiles')) as [string, string];
    await damage(victim, kind, { other, foreign: (await filesOf(await foreignStore(name), 'packfiles'))[0] as string });
    const repository = await openFixture(name, { storeDir });
    const verdict = await repository.verifyPackfile(idOf(victim)).catch((error: unknown) => error);
    // Another packfile of the store is sound in itself: only the states and its name tell that it stands in the wrong place.
    const isOther = kind === 'swapped' || kind === 'overwritten by another';
    if (isOther && !(verdict instanceof IntegrityError)) expect(verdict).toMatchObject({ nameKnown: false });
    else expect(verdict).toBeInstanceOf(kind === 'deleted' ? NotFoundError : KlosetError);
    for (const { id } of sound.view.live) {
      const read = await repository.get(SNAPSHOT, id).catch((error: unknown) => error);
      if (read instanceof Uint8Array) expect(equalBytes(read, await sound.get(SNAPSHOT, id))).toBe(true);
      else expect(read).toBeInstanceOf(KlosetError);
    }
  });

  it('lock: it is named with its error, and nothing else is hit', async () => {
    const storeDir = await copyFixtureStore(name);
    const locks = await filesOf(storeDir, 'locks');
    const foreignLock = (await filesOf(await foreignStore(name), 'locks'))[0];
    const [victim, other] = locks;
    if (
      victim === undefined ||
      (kind === 'from another store' && foreignLock === undefined) ||
      (other === undefined && (kind === 'swapped' || kind === 'overwritten by another'))
    )
      return;
    await damage(victim, kind, { other: other ?? victim, foreign: foreignLock ?? victim });
    const repository = await openFixture(name, { storeDir });
    const found = await repository.locks();
    const lock = found.find((item) => item.id === idOf(victim));
    if (kind === 'deleted') expect(lock).toBeUndefined();
    else if (kind === 'swapped' || kind === 'overwritten by another') expect(lock?.error).toBeUndefined();
    else expect(lock?.error).toBeInstanceOf(KlosetError);
    expect(repository.view.unreadable).toEqual([]);
    expect((await repository.hidden({ nowMs: Date.now() })).length).toBe(1);
  });
});

/** A CONFIG of another plain store is sound in itself; then no state of this store can be read, and each is named. */
async function expectOtherStore(name: FixtureName, storeDir: string): Promise<void> {
  const states = await filesOf(storeDir, 'states');
  if (name.includes('-enc-')) {
    await expect(openFixture(name, { storeDir })).rejects.toBeInstanceOf(KlosetError);
    return;
  }
  const { view } = await openFixture(name, { storeDir });
  expect(view.unreadable.map((state) => state.id).sort()).toEqual(states.map(idOf).sort());
  expect(view.live).toEqual([]);
}
