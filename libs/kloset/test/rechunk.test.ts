import { availableFixtures } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { chunker } from '../src/chunking/chunker.js';
import { contentEntropy, entropyOfBytes } from '../src/chunking/entropy.js';
import { concatBytes } from '../src/bytes/bytes.js';
import { readContent, readObject } from '../src/snapshot/content.js';
import { openSnapshot } from '../src/snapshot/open.js';
import { snapshotSource } from '../src/snapshot/source.js';
import { isDamaged } from '../src/snapshot/entry.js';
import { openFixture } from './open-fixture.js';

describe.each(availableFixtures())('%s', (name) => {
  it('every file is cut where plakar cut it, with the entropies it recorded', { timeout: 120_000 }, async () => {
    const repository = await openFixture(name);
    const cutter = chunker(repository.config.chunking);
    const source = snapshotSource(repository, repository);
    const seen = new Set<string>();
    let chunks = 0;
    for (const { id } of repository.view.live) {
      const snapshot = await openSnapshot(repository, id);
      for await (const entry of snapshot.walk(snapshot.header.source.directory.bytes)) {
        if (isDamaged(entry) || entry.object === null || seen.has(entry.object)) continue;
        seen.add(entry.object);
        const object = await readObject(source, entry.object);
        const pieces: Uint8Array[] = [];
        for await (const piece of readContent(source, object)) pieces.push(piece.slice());
        const cut = [...cutter.chunksOf(concatBytes(pieces))].map((piece) => ({
          mac: repository.mac(piece),
          lengthBytes: piece.length,
          entropy: entropyOfBytes(piece),
        }));
        expect(cut, `${name} ${entry.path.text}`).toEqual(object.chunks);
        expect(contentEntropy(cut)).toBe(object.entropy);
        chunks += cut.length;
      }
    }
    expect(chunks).toBeGreaterThan(0);
    await repository.close();
  });
});
