import { nameText } from '@wardrobe/kloset-model';
import { availableFixtures } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { openFixture } from '../../../test/open-fixture.js';
import { openOracle, ORACLE_STORES } from '../../../test/open-oracle.js';
import type { Repository } from '../../repository/types.js';
import type { StoreLine } from '../../repository/writer-types.js';
import { rebuildSnapshot, vectorStores } from '../testing/index.js';

const V11 = { algorithm: 'fastcdc-v1.0.0', minSize: 512 << 10, normalSize: 1 << 20, maxSize: 8 << 20 };
const V10 = { algorithm: 'FASTCDC', minSize: 64 << 10, normalSize: 1 << 20, maxSize: 4 << 20 };

type Rebuilt = Awaited<ReturnType<typeof rebuildSnapshot>>;

/** What 02-snapshot 2.7 says is determined; of line 1.0 the other trees depend on which worker was faster. */
function expectEqual({ trees, original }: Rebuilt, line: StoreLine, what: string): void {
  const [source] = original.sources ?? [];
  if (source === undefined) throw new Error('no source');
  const wanted = Object.fromEntries((source.indexes ?? []).map((index) => [nameText(index.name), index.value]));
  const written = Object.fromEntries(trees.indexes.map((index) => [index.name, index.value]));
  expect(trees.summary, `${what}: summary`).toEqual(source.summary);
  expect(written['dirpack'], `${what}: listings`).toBe(wanted['dirpack']);
  expect(trees.roots.root, `${what}: files`).toBe(source.root.root);
  expect(Object.keys(written).sort(), `${what}: indexes`).toEqual(Object.keys(wanted).sort());
  if (line === '1.0') return;
  expect(written, what).toEqual(wanted);
  expect(trees.roots, what).toEqual(source.root);
}

describe('a snapshot that is written again is the very same', () => {
  it.each(vectorStores().map((store) => [store.name, store] as const))('vectors of %s', async (name, store) => {
    const line = name.includes('1.0') || name.includes('10') ? '1.0' : '1.1';
    expectEqual(await rebuildSnapshot(store.source, store.snapshot, { line, chunking: line === '1.0' ? V10 : V11 }), line, name);
  });

  async function rebuildAll(repository: Repository, line: StoreLine): Promise<void> {
    for (const { id } of repository.view.live) expectEqual(await rebuildSnapshot(repository, id, { line, chunking: repository.config.chunking }), line, id);
    await repository.close();
  }
  it.each(availableFixtures())('%s', { timeout: 120_000 }, async (name) => rebuildAll(await openFixture(name), name.startsWith('v10') ? '1.0' : '1.1'));
  it.each(ORACLE_STORES)('%s', { timeout: 120_000 }, async (name) => rebuildAll(await openOracle(name), name.includes('v10') ? '1.0' : '1.1'));
});
