import { join } from 'node:path';
import type { Repository } from '@wardrobe/kloset';
import { assertOracle, type OracleLine, oracle, oracleAvailable, temporaryFolder } from '@wardrobe/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { archiveOf, headersOf, openFixture } from './archive-kit.js';

it('the oracle can be built here, or the run says why not', () => {
  assertOracle();
});

/** Contents by path, as a line of plakar reads them. */
async function digestOf(line: OracleLine, store: { readonly store: string; readonly passphrase?: string | undefined }, id: string): Promise<unknown> {
  const by = await oracle(line);
  const { entries } = await by.digest(store, id);
  await by.close();
  return entries.map(({ path, type, mode, size, sha256, mtime }) => ({ path, type, mode, size, sha256, mtime }));
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
        read.push(await digestOf(line, store, ids[0] ?? ''));
      }
      expect(read[0]).toEqual(read[1]);
      expect(read[0]).toEqual(await digestOf('1.1', { store: source.store.location }, ids[0] ?? ''));
    });
  });
