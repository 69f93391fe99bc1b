import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { wardrobe } from './run-wardrobe.js';

const STACK = /\n\s+at .*\.(js|ts):\d+/;

describe('exit codes and sentences', () => {
  it('a wrong passphrase is 77, none at all is 77, both in plain words', async () => {
    const { storeDir } = await unpackFixture('v10-enc-desync');
    for (const env of [{ WARDROBE_PASSPHRASE: 'wrong' }, {}]) {
      const run = await wardrobe(['at', storeDir, 'ls'], env);
      expect(run.code).toBe(77);
      expect(run.err).toMatch(/passphrase/);
      expect(run.err).not.toMatch(STACK);
      expect(run.out).toBe('');
    }
  });

  it('a place that is no store, a wrong command, a wrong prefix are 1', async () => {
    const { storeDir } = await unpackFixture('v10-plain-desync');
    const folder = await temporaryFolder('empty');
    for (const args of [
      ['at', folder, 'ls'],
      ['at', join(folder, 'absent'), 'ls'],
      ['at', storeDir, 'nonsense'],
      ['at', storeDir, 'ls', 'ffffffff'],
      ['at', storeDir, 'ls', 'zz'],
      ['at', storeDir, 'cat', 'cead:absent'],
      ['at'],
      ['at', 's3://x/y', 'ls'],
    ]) {
      const run = await wardrobe(args, { WARDROBE_INDEX: join(folder, 'index') });
      expect(run.code, `${args.join(' ')}: ${run.err}`).toBe(1);
      expect(run.err.length).toBeGreaterThan(0);
      expect(run.err).not.toMatch(STACK);
    }
  });

  it('a report that is not one is refused with its name', async () => {
    const { storeDir } = await unpackFixture('v10-plain-desync');
    const folder = await temporaryFolder('report');
    for (const text of ['', '{}', '{"format":"wardrobe-report","version":2}', 'not json']) {
      const file = join(folder, 'report.json');
      await writeFile(file, text);
      const run = await wardrobe(['at', storeDir, 'divergence', '--report', file], { WARDROBE_INDEX: join(folder, 'index') });
      expect(run.code).toBe(1);
      expect(run.err).toContain('report.json');
    }
  });

  it('the agent refuses plain http to another machine', async () => {
    const folder = await temporaryFolder('agent');
    await writeFile(join(folder, 'token'), 'secret-token');
    const run = await wardrobe(['agent', 'once', '--cache', folder, '--server', 'http://192.0.2.1:7300', '--token-file', join(folder, 'token')], {
      WARDROBE_CONFIG: folder,
    });
    expect(run.code).toBe(1);
    expect(run.err).toContain('https');
    expect(run.err).not.toContain('secret-token');
  });

  it('100 short commands all end by themselves', async () => {
    const { storeDir } = await unpackFixture('v10-plain-desync');
    const index = await temporaryFolder('index');
    let ended = 0;
    for (let round = 0; round < 25; round += 1) {
      const runs = await Promise.all([0, 1, 2, 3].map(() => wardrobe(['at', storeDir, 'ls'], { WARDROBE_INDEX: index })));
      ended += runs.filter((run) => run.code === 0).length;
    }
    expect(ended).toBe(100);
  });

  it('every command has help with an example', async () => {
    for (const command of [
      'info',
      'ls',
      'cat',
      'restore',
      'check',
      'diff',
      'locate',
      'digest',
      'archive',
      'rm',
      'prune',
      'states',
      'locks',
      'hidden',
      'divergence',
      'agent once',
      'agent run',
      'agent inspect',
      'admin store add',
      'admin store ls',
      'admin store rm',
      'admin store refresh',
      'admin user add',
      'admin user passwd',
      'admin token create',
      'admin token ls',
      'admin token revoke',
      'admin setup-link',
      'admin report import',
    ]) {
      const run = await wardrobe([...command.split(' '), '--help']);
      expect(run.code, command).toBe(0);
      expect(run.out, command).toMatch(/Example/);
    }
  });
});
