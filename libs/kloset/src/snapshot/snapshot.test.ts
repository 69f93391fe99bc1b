import { byteName, nameBytes, nameText } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import { isDamaged } from './entry.js';
import { openSnapshot } from './open.js';
import { vectorStores } from './testing/vectors.js';
import type { DamagedEntry, Entry, Snapshot } from './types.js';

const path = nameBytes;

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function contentText(snapshot: Snapshot, entry: Entry): Promise<string> {
  if (entry.object === null) throw new Error(`${entry.path.text} has no content`);
  return Buffer.concat(await collect(snapshot.content(await snapshot.object(entry.object)))).toString('utf8');
}

const texts = (entries: readonly (Entry | DamagedEntry)[]): string[] => entries.map((entry) => entry.path.text);

describe.each(vectorStores().map((store) => [store.name, store] as const))('%s', (name, store) => {
  const open = (): Promise<Snapshot> => openSnapshot(store.source, store.snapshot);

  it('the header says who, when and where', async () => {
    const { header } = await open();
    expect(header.source.directory.text).toBe('/srv/demo');
    expect(header.hostname).toBe('demo-host');
    expect(header.client).toMatch(/^plakar\/v1\./);
    expect(header.tags).toEqual(['demo', 'spec']);
    expect(header.signed).toBe(false);
    expect(header.summary.files).toBeGreaterThan(3n);
  });

  it('a walk meets every entry, parents first, and every content is proven', async () => {
    const snapshot = await open();
    const entries = await collect(snapshot.walk(path('/')));
    expect(entries.some(isDamaged)).toBe(false);
    expect(texts(entries).slice(0, 4)).toEqual(['/', '/srv', '/srv/demo', '/srv/demo/bin']);
    for (const entry of entries as Entry[]) {
      if (entry.type !== 'file') continue;
      const bytes = await contentText(snapshot, entry);
      expect(Buffer.byteLength(bytes)).toBeGreaterThanOrEqual(0);
    }
  });

  it('the packed listing and the tree give the same children', async () => {
    const snapshot = await open();
    const packed = await collect(snapshot.children(path('/srv/demo')));
    const { treeChildren } = await import('./children.js');
    const { contextOf } = await import('./open.js');
    const fromTree = await collect(treeChildren(contextOf(snapshot), path('/srv/demo')));
    expect(fromTree).toEqual(packed);
    expect(packed.length).toBeGreaterThan(4);
  });

  it('hard links and attributes are told', async () => {
    const snapshot = await open();
    const readme = await snapshot.entry(path('/srv/demo/readme.txt'));
    const hard = await snapshot.entry(path('/srv/demo/data/hard.txt'));
    expect([hard.dev, hard.ino, hard.nlink, hard.object]).toEqual([readme.dev, readme.ino, 2, readme.object]);
    expect(readme.mtimeNs).toBe(1704164645123456789n);
    expect(readme.extendedAttributes.map((attribute) => attribute.text)).toEqual(['user.note']);
    const [attribute] = await collect(snapshot.xattrs());
    expect([attribute?.path.text, attribute?.name.text, attribute?.kind]).toEqual(['/srv/demo/readme.txt', 'user.note', 0]);
  });

  it('links are followed only when asked', async () => {
    const snapshot = await open();
    const link = await snapshot.entry(path('/srv/demo/bin/link'));
    expect(link.type).toBe('symlink');
    const target = await snapshot.entry(path('/srv/demo/bin/link'), { followLinks: true });
    expect(target.type).not.toBe('symlink');
    expect((await snapshot.entry(path('/srv/demo/bin/../../../srv//demo/./readme.txt'))).path.text).toBe('/srv/demo/readme.txt');
    await expect(snapshot.entry(path('/srv/demo/none'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('pages by offset and by name add up to the listing', async () => {
    const snapshot = await open();
    const all = texts(await collect(snapshot.children(path('/srv/demo'))));
    const byOffset: string[] = [];
    for (let offset = 0; offset < all.length; offset += 2) byOffset.push(...texts((await snapshot.page(path('/srv/demo'), { offset, limit: 2 })).entries));
    expect(byOffset).toEqual(all);
    const first = await snapshot.page(path('/srv/demo'), { limit: 3 });
    expect(first.total).toBe(all.length);
    const rest = await snapshot.page(path('/srv/demo'), {
      afterName: path(nameText(first.entries.at(-1)?.name.bytes ?? byteName(path('')).bytes)),
      limit: 100,
    });
    expect([...texts(first.entries), ...texts(rest.entries)]).toEqual(all);
    expect(rest.nextCursor).toBeNull();
    await expect(snapshot.page(path('/srv/demo/readme.txt'), { limit: 3 })).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('an index gives other orders', async () => {
    const snapshot = await open();
    const index = await snapshot.directoryIndex(path('/srv/demo'));
    const bySize = (await index.page({ by: 'size', descending: true }, { offset: 0, limit: 100 })) as Entry[];
    const sizes = bySize.map((entry) => entry.sizeBytes);
    expect(sizes).toEqual([...sizes].sort((a, b) => Number(b - a)));
    expect(texts(await index.page({ by: 'name' }, { offset: 1, limit: 2 }))).toEqual(texts(await collect(snapshot.children(path('/srv/demo')))).slice(1, 3));
  });

  it('ranges are cut out of the content', async () => {
    const snapshot = await open();
    const readme = await snapshot.entry(path('/srv/demo/readme.txt'));
    const object = await snapshot.object(readme.object ?? store.snapshot);
    const whole = Buffer.concat(await collect(snapshot.content(object)));
    const part = Buffer.concat(await collect(snapshot.content(object, { start: 2, end: 7 })));
    expect(part).toEqual(whole.subarray(2, 7));
    await expect(collect(snapshot.content(object, { start: 5, end: 99 }))).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('summaries are told on both lines', async () => {
    const summary = await (await open()).summary(path('/srv/demo'));
    expect(summary?.children).toBeGreaterThan(4n);
    expect(name).toContain('plakar');
  });

  it('errors of the backup are listed below a path', async () => {
    const snapshot = await open();
    const all = await collect(snapshot.errors());
    const below = await collect(snapshot.errors({ below: path('/srv/demo') }));
    expect(below).toEqual(all);
    expect(await collect(snapshot.errors({ below: path('/srv/dem') }))).toEqual([]);
  });
});
