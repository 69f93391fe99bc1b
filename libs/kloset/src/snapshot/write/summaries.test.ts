import { describe, expect, it } from 'vitest';
import { nameBytes } from '@wardrobe/kloset-model';
import { SummaryCounter } from './summary-counter.js';
import { createSummaryShelf } from './summary-shelf.js';
import { createErrorCounts } from './error-counts.js';
import { orderPaths } from './path-order.js';
import { PathTable } from './path-table.js';

const file = { goMode: 0o644, sizeBytes: 10, mtimeSeconds: 5, entropy: 3, contentType: 'text/plain', chunks: 1 };

describe('summaries', () => {
  it('of an empty directory are nothing at all', () => {
    const { directory, below } = new SummaryCounter().record();
    expect(Object.values({ ...directory, ...below }).every((value) => Number(value) === 0)).toBe(true);
  });

  it('let the zeros of empty levels win minima, as plakar does', () => {
    const inner = new SummaryCounter();
    inner.addEntry(file);
    const outer = new SummaryCounter();
    outer.addDirectory(inner);
    expect(outer.record().below.min_size).toBe(10n);
    outer.addDirectory(new SummaryCounter());
    expect(outer.record().below.min_size).toBe(0n);
    const next = new SummaryCounter();
    next.addEntry({ ...file, sizeBytes: 4 });
    outer.addDirectory(next);
    expect(outer.record().below.min_size).toBe(4n);
  });

  it('count kinds, bits, types and entropies', () => {
    const counter = new SummaryCounter();
    counter.addEntry({ ...file, goMode: 0x00c0_01ff, entropy: 7.5, contentType: 'image/png' });
    counter.addEntry({ ...file, goMode: 0x0800_01ff, entropy: 0, contentType: 'application/x-not-regular-file', chunks: null });
    counter.addEntry({ ...file, goMode: 0x0420_01ff, entropy: 0, contentType: 'odd', chunks: null, mtimeSeconds: -3n });
    const { directory } = counter.record();
    expect(directory).toMatchObject({ files: 1n, symlinks: 1n, devices: 1n, children: 3n, setuid: 1n, setgid: 1n, objects: 1n, chunks: 1n });
    expect(directory).toMatchObject({ MIME_image: 1n, MIME_application: 1n, MIME_other: 1n, hi_entropy: 1n, lo_entropy: 2n, min_mod_time: -3n });
    expect(directory).toMatchObject({ size: 30n, avg_size: 30n, avg_entropy: 7.5 });
  });

  it('that do not fit in memory come back from a file', () => {
    const shelf = createSummaryShelf(2);
    const counters = Array.from({ length: 20 }, (_, at) => {
      const counter = new SummaryCounter();
      for (let i = 0; i <= at; i++) counter.addEntry({ ...file, sizeBytes: i, mtimeSeconds: i === 7 ? 1n << 60n : i });
      shelf.put(at, counter);
      return counter;
    });
    for (const [at, counter] of [...counters.entries()].reverse()) expect(shelf.take(at).record()).toEqual(counter.record());
    expect(() => shelf.take(3)).toThrow(TypeError);
    shelf.close();
  });

  it('count errors as each line does', () => {
    const count = (line: '1.0' | '1.1', failed: readonly string[], directory: string): number => {
      const paths = new PathTable();
      const nodes = new Set(failed.map((path) => paths.enter(nameBytes(path))));
      const counts = createErrorCounts(line, (node) => nodes.has(node));
      orderPaths(paths, { visit: (node, ancestors) => counts.visit(node, ancestors) });
      return counts.of(paths.enter(nameBytes(directory)));
    };
    const failed = ['/d/a', '/d/b', '/d/c/deep', '/d/d', '/e', '/'];
    expect(count('1.1', failed, '/d')).toBe(3);
    expect(count('1.0', failed, '/d')).toBe(2);
    expect(count('1.1', failed, '/')).toBe(1);
    expect(count('1.0', failed, '/')).toBe(1);
    expect(count('1.0', ['/e', '/f'], '/')).toBe(2);
  });
});
