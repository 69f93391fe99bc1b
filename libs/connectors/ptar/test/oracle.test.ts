import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkSnapshots, checkStore, openRepository, type Repository } from '@wardrobe/kloset';
import { assertOracle, type OracleLine, oracle, oracleAvailable, oracleProgram, temporaryFolder } from '@wardrobe/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { archiveOf, contentsOf, headersOf, openFixture, openPtar } from './archive-kit.js';

it('the oracle can be built here, or the run says why not', () => {
  assertOracle();
});

/** Contents by path, as a line of plakar reads them. */
async function digestOf(line: OracleLine, store: { readonly store: string; readonly passphrase?: string | undefined }, id: string): Promise<unknown> {
  const by = await oracle(line);
  const { entries } = await by.digest(store, id);
  await by.close();
  return entries.map(({ path, type, mode, size, sha256, mtimeNs }) => ({ path, type, mode, size, sha256, mtimeNs }));
}

if (oracleAvailable())
  describe('an archive of ours', () => {
    let source: Repository;
    let folder: string;
    beforeAll(async () => {
      source = await openFixture('v11-plain-desync');
      folder = await temporaryFolder('ptar-oracle');
    });

    it.each([
      ['plain', {}],
      ['encrypted', { passphrase: 'archive ü' }],
      ['SHA256, without compression', { hashing: 'SHA256', compression: null }],
    ] as const)('%s: both lines of plakar list and check it, and read the same', async (name, more) => {
      const place = join(folder, `${name.slice(0, 5)}.ptar`);
      await archiveOf(source, place, more);
      const store = { store: place, passphrase: 'passphrase' in more ? more.passphrase : undefined };
      const ids = (await headersOf(source)).map(({ id }) => id as string);
      const read: unknown[] = [];
      for (const line of ['1.0', '1.1'] as const) {
        const by = await oracle(line);
        expect((await by.ls(store)).map(({ snapshot }) => snapshot).sort()).toEqual([...ids].sort());
        expect((await by.check(store)).map(({ whole, problems }) => ({ whole, problems }))).toEqual(ids.map(() => ({ whole: true, problems: [] })));
        await by.close();
        if (name === 'plain') read.push(await digestOf(line, store, ids[0] ?? ''));
      }
      if (name !== 'plain') return;
      expect(read[0]).toEqual(read[1]);
      expect(read[0]).toEqual(await digestOf('1.1', { store: source.store.location }, ids[0] ?? ''));
    });
  });

if (oracleAvailable())
  it.each(['none', 'LZ4'])("an archive that plakar's library wrote, compression %s, is read to its ends and in order", async (compression) => {
    const folder = await temporaryFolder('ptar-theirs');
    await mkdir(join(folder, 'source'));
    for (let number = 0; number < 20; number += 1)
      await writeFile(join(folder, 'source', `file-${number}`), Buffer.alloc(number * 9_999, `content ${number} `));
    const place = join(folder, 'theirs.ptar');
    const args = ['archive', '-store', place, '-path', join(folder, 'source'), '-compression', compression];
    const { stdout } = await promisify(execFile)(await oracleProgram('1.1'), args);
    const { snapshot } = JSON.parse(stdout) as { snapshot: string };
    const made = await openRepository(openPtar(place));
    const headers = await headersOf(made);
    expect(headers.map(({ id }) => id)).toEqual([snapshot]);
    for await (const problem of checkSnapshots(made, { snapshots: headers.map(({ id }) => id) })) throw problem.error;
    for await (const problem of checkStore(made, {})) throw new Error(JSON.stringify(problem));
    expect((await made.orphans()).packfiles).toEqual([]);
    expect((await contentsOf(made, headers[0]?.id ?? ('' as never))).length).toBe(20);
    await made.close();
  });
