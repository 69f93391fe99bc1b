import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { madeSurroundings } from '../test/made-surroundings.js';
import { editOwnStores, plakarPlace, readCatalog } from './catalog.js';
import { defaultStore, resolveLocation } from './resolve.js';

const PLAKAR = `version: v1.0.0
default: nas
stores:
    nas:
        location: sftp://backup@nas.lan/srv/kloset
        identity: /home/u/.ssh/id_backup
        passphrase_cmd: pass show kloset/nas
    s3:
        location: s3://s3.example/bucket/prefix
        access_key: AKIA
        use_tls: "true"
        port: 22
        version: 1.50
        nothing: null
        flag: false
`;
const OLDER = `nas:
  location: /srv/nas
  .isDefault: true
other:
  location: /srv/other
`;

describe('named stores', () => {
  it("of plakar's file are read as their text, with the default", async () => {
    const surroundings = await madeSurroundings({ plakar: { 'stores.yml': PLAKAR } });
    const { stores } = await readCatalog(surroundings);
    expect(stores.map(({ name, from }) => [name, from])).toEqual([
      ['nas', 'plakar'],
      ['s3', 'plakar'],
    ]);
    expect(stores[1]?.options).toEqual({ access_key: 'AKIA', use_tls: 'true', port: '22', version: '1.50', nothing: '', flag: 'false' });
    expect(await defaultStore(surroundings)).toBe('@nas');
    const resolved = await resolveLocation('@nas', { surroundings });
    expect(resolved.location).toEqual({ scheme: 'sftp', rest: 'backup@nas.lan/srv/kloset' });
    expect(resolved.configured).toEqual({ identity: '/home/u/.ssh/id_backup' });
    expect(resolved.passphraseCommand).toBe('pass show kloset/nas');
  });

  it('of the older form, and of klosets.yml where stores.yml is missing', async () => {
    const surroundings = await madeSurroundings({ plakar: { 'klosets.yml': OLDER } });
    expect((await readCatalog(surroundings)).stores.map(({ name, location, options }) => [name, location, options])).toEqual([
      ['nas', '/srv/nas', {}],
      ['other', '/srv/other', {}],
    ]);
    expect(await defaultStore(surroundings)).toBe('@nas');
    expect((await readCatalog(await madeSurroundings({ plakar: { 'klosets.yml': OLDER, 'stores.yml': PLAKAR } }))).stores).toHaveLength(2);
  });

  it('of the file before those', async () => {
    const surroundings = await madeSurroundings({ plakar: { 'plakar.yml': 'default-repo: a\nrepositories:\n  a:\n    location: /srv/a\n' } });
    expect(await defaultStore(surroundings)).toBe('@a');
  });

  it("of ours hide plakar's of the same name, and our default wins", async () => {
    const surroundings = await madeSurroundings({
      ours: 'version: v1.0.0\ndefault: own\nstores:\n  nas: { location: /mine }\n  own: { location: /own }\n',
      plakar: { 'stores.yml': PLAKAR },
    });
    expect((await resolveLocation('@nas', { surroundings })).location).toEqual({ scheme: 'fs', rest: '/mine' });
    expect(await defaultStore(surroundings)).toBe('@own');
  });

  it.each([
    ['@nas:sub', 'sftp', 'backup@nas.lan/srv/kloset/sub'],
    ['@nas:/other/place', 'sftp', 'backup@nas.lan/other/place'],
    ['@disk:sub', 'fs', '/srv/disk/sub'],
    ['@disk:/else', 'fs', '/else'],
    ['@odd:name', 'fs', '/srv/odd'],
  ])('%s is another path of it, unless the whole is a name', async (text, scheme, rest) => {
    const surroundings = await madeSurroundings({
      ours: 'version: v1.0.0\nstores:\n  disk: { location: /srv/disk }\n  "odd:name": { location: /srv/odd }\n',
      plakar: { 'stores.yml': PLAKAR },
    });
    expect((await resolveLocation(text, { surroundings })).location).toEqual({ scheme, rest });
  });

  it('that are not there are named, with those that are', async () => {
    const surroundings = await madeSurroundings({ plakar: { 'stores.yml': PLAKAR } });
    await expect(resolveLocation('@tape', { surroundings })).rejects.toThrow(/no store with the name @tape \(there are: @nas, @s3\)/);
    await expect(resolveLocation('@x', { surroundings: await madeSurroundings({ ours: 'version: v1.0.0\nstores:\n  x: { a: b }\n' }) })).rejects.toThrow(
      /@x has no location/,
    );
  });

  it.each([
    ['stores: [', 'cannot be read as YAML'],
    ['version: v1.0.0\nstores:\n  x:\n    location: { secret: s3cr3t }\n', "'location' of 'x' is nested"],
    ['version: v1.0.0\nstores:\n  x: &a { k: s3cr3t }\n  y: *a\n', "'y' is no map"],
    ['version: v2.0.0\nstores: {}\n', "'version' is no map"],
    ['just text', 'no list of stores'],
  ])('a broken file is refused by its place and never by its values', async (ours, sentence) => {
    const surroundings = await madeSurroundings({ ours });
    const failure: unknown = await readCatalog(surroundings).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'invalid-input', message: expect.stringContaining(sentence) });
    expect(String(failure)).not.toContain('s3cr3t');
  });

  it('an empty file names nothing', async () => {
    expect((await readCatalog(await madeSurroundings({ ours: '' }))).stores).toEqual([]);
    expect(await defaultStore(await madeSurroundings())).toBeNull();
  });

  it("plakar's sources and destinations are found by name", async () => {
    const surroundings = await madeSurroundings({ plakar: { 'sources.yml': 'version: v1.0.0\nsources:\n  home: { location: fs:/home }\n' } });
    expect(await plakarPlace(surroundings, 'sources', 'home')).toBe('fs:/home');
    expect(await plakarPlace(surroundings, 'sources', 'else')).toBeNull();
    expect(await plakarPlace(surroundings, 'destinations', 'home')).toBeNull();
  });
});

describe('our own list of stores', () => {
  it('is made with mode 0600, changed in place, and keeps comments', async () => {
    const surroundings = await madeSurroundings();
    const file = await editOwnStores(surroundings.configFolder, (stores) => stores.set('a', { location: 's3://h/b', use_tls: 'true', port: '22' }));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(file, `# mine\n${readFileSync(file, 'utf8')}`);
    await editOwnStores(surroundings.configFolder, (stores) => {
      stores.unset('a', ['port']);
      stores.set('b', { location: '/srv/b', note: 'null' });
      stores.setDefault('b');
    });
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^# mine/);
    expect((await readCatalog(surroundings)).stores.map(({ name, options }) => [name, options])).toEqual([
      ['a', { use_tls: 'true' }],
      ['b', { note: 'null' }],
    ]);
    expect(await defaultStore(surroundings)).toBe('@b');
    await editOwnStores(surroundings.configFolder, (stores) => stores.remove('b'));
    expect((await readCatalog(surroundings)).stores.map(({ name }) => name)).toEqual(['a']);
  });

  it('takes a file of the older form over', async () => {
    const surroundings = await madeSurroundings({ ours: OLDER });
    const file = await editOwnStores(surroundings.configFolder, (stores) => stores.set('third', { location: '/srv/third' }));
    expect(readFileSync(file, 'utf8')).toContain('version: v1.0.0');
    expect((await readCatalog(surroundings)).stores.map(({ name }) => name)).toEqual(['nas', 'other', 'third']);
    expect(await defaultStore(surroundings)).toBe('@nas');
  });

  it('a failure leaves the old one, and nothing beside it', async () => {
    const { configFolder } = await madeSurroundings({ ours: OLDER });
    await expect(
      editOwnStores(configFolder, () => {
        throw new TypeError('no');
      }),
    ).rejects.toThrow('no');
    expect(readFileSync(join(configFolder, 'stores.yml'), 'utf8')).toBe(OLDER);
    mkdirSync(join(configFolder, 'folder', 'stores.yml'), { recursive: true });
    await expect(editOwnStores(join(configFolder, 'folder'), (stores) => stores.set('a', { location: '/a' }))).rejects.toMatchObject({ code: 'invalid-input' });
  });
});
