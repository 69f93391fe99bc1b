import { copyFixtureStore, FIXTURE_PASSPHRASE, temporaryFolder } from '@wardrobe/testing';
import { type ConnectorOption, NotAStoreError, PermissionError, StoreError, type StoreFault, type WritableStore } from '@wardrobe/store-connector';
import { memoryStore } from '@wardrobe/connector-memory';
import { describe, expect, it } from 'vitest';
import { madeSurroundings } from '../test/made-surroundings.js';
import { BUILT_IN_CONNECTORS, connectorFor, connectorIn } from './connectors.js';
import { openLocation, optionsFor, parseOptions } from './open.js';
import { configuredPassphrase } from './passphrase.js';
import { probeStore } from './probe.js';
import { resolveLocation } from './resolve.js';
import { isSecretOption, MASK, maskedArguments, maskedLocation, maskedOptions } from './secrets.js';

const known: readonly ConnectorOption[] = [
  { name: 'user', title: 'User', help: 'Who.', kind: 'text' },
  { name: 'access_key', title: 'Key', help: 'Which.', kind: 'secret' },
];

describe('options', () => {
  it('given with the call win over the environment, and that over the configuration', async () => {
    const surroundings = await madeSurroundings({ ours: 'version: v1.0.0\nstores:\n  x: { location: "s3://h/b", user: a, access_key: a }\n' });
    const store = await resolveLocation('@x', { surroundings, options: { user: 'c' }, environmentPrefix: 'OPT_' });
    expect(optionsFor({ options: known }, store, { OPT_USER: 'b', OPT_ACCESS_KEY: 'b', OPT_OTHER: 'b' })).toEqual({ user: 'c', access_key: 'b' });
    expect(optionsFor({ options: known }, { ...store, environmentPrefix: null }, { OPT_ACCESS_KEY: 'b' })).toEqual({ user: 'c', access_key: 'a' });
  });

  it("that a connector does not know are left out of plakar's file and kept of ours, to be refused", async () => {
    const text = 'version: v1.0.0\nstores:\n  x: { location: "s3://h/b", odd: "1" }\n';
    const ours = await resolveLocation('@x', { surroundings: await madeSurroundings({ ours: text }) });
    const theirs = await resolveLocation('@x', { surroundings: await madeSurroundings({ plakar: { 'stores.yml': text } }) });
    expect(optionsFor({ options: known }, ours, {})).toEqual({ odd: '1' });
    expect(optionsFor({ options: known }, theirs, {})).toEqual({});
  });

  it('are KEY=VALUE, and the text of a wrong one is not repeated', () => {
    expect(parseOptions(['a=b', 'c=d=e', 'e='])).toEqual({ a: 'b', c: 'd=e', e: '' });
    expect(() => parseOptions(['s3cr3t'])).toThrow(expect.not.objectContaining({ message: expect.stringContaining('s3cr3t') }));
  });

  it('that are secret are masked everywhere', () => {
    expect(['access_key', 'aws_secret_access_key', 'auth_token', 'ssh_private_key', 'passphrase'].every((name) => isSecretOption(name))).toBe(true);
    expect(['identity', 'passphrase_cmd', 'bypass', 'use_tls'].some((name) => isSecretOption(name))).toBe(false);
    expect(maskedOptions({ location: 'x', password: 'p', user: 'u' })).toEqual({ location: 'x', password: MASK, user: 'u' });
    expect(maskedLocation('sftp://me:hidden@host/x')).toBe(`sftp://me:${MASK}@host/x`);
    expect(maskedLocation('sftp://me@host:22/x@y')).toBe('sftp://me@host:22/x@y');
    expect(maskedArguments(['-o', 'access_key=abc', '--option=auth_token=abc', '-opassword=abc', 'use_tls=true', 'backup', '/a=b'])).toEqual([
      '-o',
      `access_key=${MASK}`,
      `--option=auth_token=${MASK}`,
      `-opassword=${MASK}`,
      'use_tls=true',
      'backup',
      '/a=b',
    ]);
  });
});

describe('connectors', () => {
  it('of unknown kinds are refused with those that are known', async () => {
    await expect(connectorFor('tape', { connectorsFolder: null })).rejects.toThrow(/'tape': known are fs, s3, sftp/);
    await expect(connectorFor('S3', { connectorsFolder: null })).rejects.toThrow(/'s3' in lower case/);
  });

  it('that export none, or one of another version, are refused', () => {
    expect(() => connectorIn({}, 'x')).toThrow(/exports no connector/);
    const of = (interfaceVersion: string): object => ({ x: { name: 'x', schemes: ['x'], options: [], interfaceVersion, open() {} } });
    expect(() => connectorIn(of('9.0'), 'x')).toThrow(/9\.0/);
    expect(connectorIn(of('1.0'), 'x').name).toBe('x');
  });

  it('never share a scheme', () => {
    const schemes = BUILT_IN_CONNECTORS.flatMap((built) => built.schemes);
    expect(new Set(schemes).size).toBe(schemes.length);
  });

  it('for a folder take no options', async () => {
    const surroundings = await madeSurroundings();
    const store = await openLocation(await resolveLocation('fs:///srv/x', { surroundings }), surroundings);
    expect(store.location).toBe('/srv/x');
    const given = await resolveLocation('/srv/x', { surroundings, options: { port: '22' } });
    await expect(openLocation(given, surroundings)).rejects.toThrow(/'port'/);
  });
});

describe('the configured passphrase', () => {
  const of = (passphrase: string | null, passphraseCommand: string | null): Promise<string | null> =>
    configuredPassphrase({ passphrase, passphraseCommand, shown: '/srv/x' });

  it('is the text, else the one line that a command prints', async () => {
    expect(await of('a', 'echo b')).toBe('a');
    expect(await of(null, 'echo b')).toBe('b');
    expect(await of(null, null)).toBeNull();
  });

  it.each([
    ['echo s3cr3t; echo more', 'exactly one line'],
    ['true', 'printed none'],
    ['echo s3cr3t; exit 3', 'ended with 3'],
  ])('%s is refused, and nothing of it is told', async (command, sentence) => {
    const failure: unknown = await of(null, command).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'invalid-input', message: expect.stringContaining(sentence) });
    expect(JSON.stringify(failure) + String(failure)).not.toContain('s3cr3t');
  });
});

describe('trying a store', () => {
  const open = async (location: string): Promise<WritableStore> => {
    const surroundings = await madeSurroundings();
    return openLocation(await resolveLocation(location, { surroundings }), surroundings);
  };
  const failing =
    (error: Error): (() => Promise<WritableStore>) =>
    async () =>
      Object.assign(Object.create(memoryStore()) as WritableStore, { readConfig: () => Promise.reject(error), close: async () => undefined });

  it('a plain one is fine to its end', async () => {
    const location = await copyFixtureStore('v10-plain-desync');
    const { steps, error } = await probeStore({ open: () => open(location), local: true, passphrase: async () => null });
    expect(error).toBeNull();
    expect(steps.map(({ step, ok }) => [step, ok])).toEqual([
      ['location', true],
      ['permission', true],
      ['store', true],
      ['passphrase', true],
    ]);
  });

  it('an encrypted one tells a wrong passphrase from a missing one', async () => {
    const location = await copyFixtureStore('v10-enc-desync');
    const probe = (passphrase: string | null) => probeStore({ open: () => open(location), local: true, passphrase: async () => passphrase });
    expect((await probe(FIXTURE_PASSPHRASE)).steps.at(-1)).toMatchObject({ step: 'passphrase', ok: true });
    expect((await probe('wrong')).steps.at(-1)).toMatchObject({ step: 'passphrase', ok: false });
    expect((await probe(null)).steps.at(-1)).toMatchObject({ step: 'passphrase', ok: false });
  });

  it('an empty folder is no store', async () => {
    const location = await temporaryFolder('empty');
    const { steps, error } = await probeStore({ open: () => open(location), local: true, passphrase: async () => null });
    expect(error).toBeInstanceOf(NotAStoreError);
    expect(steps.map(({ step, ok }) => [step, ok])).toEqual([
      ['location', true],
      ['permission', true],
      ['store', false],
    ]);
  });

  it.each<[StoreFault | 'permission' | 'none', string]>([
    ['name', 'name'],
    ['route', 'route'],
    ['timeout', 'route'],
    ['trust', 'trust'],
    ['credentials', 'credentials'],
    ['server', 'answer'],
    ['line', 'answer'],
    ['none', 'answer'],
    ['permission', 'permission'],
  ])('of a remote one the fault %s ends at the step %s', async (fault, step) => {
    const error = fault === 'permission' ? new PermissionError('reading CONFIG') : new StoreError('it failed', fault === 'none' ? {} : { fault });
    const result = await probeStore({ open: failing(error), local: false, passphrase: async () => null });
    expect(result.steps.at(-1)).toMatchObject({ step, ok: false });
    expect(result.steps.slice(0, -1).every(({ ok }) => ok)).toBe(true);
    expect(result.steps.at(-1)?.next).toBeTruthy();
  });

  it('a bug is no answer', async () => {
    await expect(probeStore({ open: failing(new TypeError('bug')), local: false, passphrase: async () => null })).rejects.toThrow('bug');
  });
});
