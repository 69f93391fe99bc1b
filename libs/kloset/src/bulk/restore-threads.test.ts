import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nameBytes } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import type { Repository } from '../repository/types.js';
import { openSnapshot } from '../snapshot/open.js';
import type { Entry, Snapshot } from '../snapshot/types.js';
import { fsStore } from '@wardrobe/connector-fs';
import { backup } from './backup/backup.js';
import { keystream } from '../snapshot/testing/index.js';
import { entriesOf, freshRepository } from './backup/testing/backup-kit.js';
import { restoreTo } from './restore.js';
import type { RestoreOptions, RestoreProblem, RestoreSummary } from './restore-types.js';

const MIB = 1 << 20;
const FILES = 400;
const PARTIAL = /partial/;
let tree: string;

/** So many files that threads are used, of each kind that goes its own way. */
beforeAll(async () => {
  tree = join(await temporaryFolder('restore-threads'), 'tree');
  const noise = keystream('restore-threads');
  for (let i = 0; i < FILES; i++) {
    const folder = join(tree, `d${i % 7}`);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `f${i}`);
    writeFileSync(path, i % 20 === 0 ? '' : `${i} `.repeat(i * 7));
    chmodSync(path, [0o644, 0o600, 0o755, 0o4755][i % 4] as number);
    utimesSync(path, 1_000_000 + i, String(-5000 - i));
  }
  writeFileSync(join(tree, 'medium'), noise.bytes(3 * MIB));
  writeFileSync(join(tree, 'large-a'), noise.bytes(20 * MIB + 77));
  writeFileSync(join(tree, 'large-b'), noise.bytes(17 * MIB));
  writeFileSync(join(tree, 'holes'), noise.bytes(MIB));
  truncateSync(join(tree, 'holes'), 40 * MIB);
  linkSync(join(tree, 'large-a'), join(tree, 'other name'));
  symlinkSync('large-a', join(tree, 'link'));
  chmodSync(join(tree, 'd3'), 0o500);
}, 60_000);

afterAll(() => chmodSync(join(tree, 'd3'), 0o700));

type Restored = { readonly problems: RestoreProblem[]; readonly summary: RestoreSummary; readonly names: string[]; readonly folder: string };

async function restore(snapshot: Snapshot, more: Partial<RestoreOptions> = {}): Promise<Restored> {
  const folder = await temporaryFolder('restored');
  const directory = more.directory ?? join(folder, 'to');
  const problems: RestoreProblem[] = [];
  const items = restoreTo(snapshot, { path: nameBytes(tree), directory, verify: true, ...more });
  for (;;) {
    const next = await items.next();
    if (next.done === true) return { problems, summary: next.value, names: await readdir(directory, { recursive: true }), folder: directory };
    problems.push(next.value);
  }
}

async function hurtContent(repository: Repository, entry: Entry, snapshot: Snapshot): Promise<void> {
  if (entry.object === null) throw new Error('it has content');
  const chunk = (await snapshot.object(entry.object)).chunks.at(-1);
  const place = chunk === undefined ? undefined : repository.view.locations(SNAPSHOT_BLOB.chunk, chunk.mac)[0];
  const path = place === undefined ? undefined : repository.store.localPath?.('packfile', place.packfile);
  if (place === undefined || path === undefined) throw new Error('it lies in a packfile');
  const bytes = await readFile(path);
  const at = place.offset + 16 + (place.lengthBytes >> 1);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

describe.each([
  ['1.0', false],
  ['1.1', true],
] as const)('many and large files from a store of line %s, encrypted: %s', (line, encrypted) => {
  const options = { timeout: 120_000 };
  let repository: Repository;
  let snapshot: Snapshot;
  let found: Map<string, Entry>;

  beforeAll(async () => {
    const folder = await temporaryFolder('restore-threads-store');
    repository = await freshRepository(fsStore(join(folder, 'store')), { line, encrypted });
    const { snapshot: id } = await backup(repository, { paths: [nameBytes(tree)], origin: 'workshop' }, { threads: 2, proofDirectory: join(folder, 'notes') });
    snapshot = await openSnapshot(repository, id);
    found = await entriesOf(repository, id, tree);
  }, 120_000);

  it('come out as they were, with modes, times, links and holes, and nothing else stays behind', options, async () => {
    const { problems, summary, names, folder } = await restore(snapshot);
    expect(problems).toEqual([]);
    expect(summary).toMatchObject({ files: FILES + 5, directories: 7, symlinks: 1, hardLinks: 1, failed: 0, warnings: 0, verified: FILES + 5 + 7 + 1 });
    expect(names.length).toBe(FILES + 5 + 7 + 1);
    for (const name of names) {
      const [was, is] = await Promise.all([lstat(join(tree, name), { bigint: true }), lstat(join(folder, name), { bigint: true })]);
      expect([is.mode, is.uid, is.gid, is.size, is.mtimeMs], name).toEqual([was.mode, was.uid, was.gid, was.size, was.mtimeMs]);
      if (was.isFile()) expect(Buffer.compare(await readFile(join(tree, name)), await readFile(join(folder, name))), name).toBe(0);
    }
    expect((await lstat(join(folder, 'holes'))).blocks * 512).toBeLessThan(4 * MIB);
    expect(summary.bytes).toBe(
      [...found.values()]
        .filter(({ type, path }) => type === 'file' && !path.text.endsWith('other name'))
        .reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0),
    );
    chmodSync(join(folder, 'd3'), 0o700);
  });

  it('a run that is cancelled leaves no file that is half written', options, async () => {
    const controller = new AbortController();
    const folder = join(await temporaryFolder('cancelled'), 'to');
    const onProgress = ({ bytes }: RestoreSummary): void => (bytes > 9 * MIB ? controller.abort(new Error('enough')) : undefined);
    const items = restoreTo(snapshot, { path: nameBytes(tree), directory: folder, signal: controller.signal, onProgress });
    await expect(
      (async () => {
        while ((await items.next()).done !== true);
      })(),
    ).rejects.toThrow('enough');
    const names = await readdir(folder, { recursive: true });
    expect(names.filter((name) => PARTIAL.test(name))).toEqual([]);
    for (const name of names) {
      const was = await lstat(join(tree, name));
      if (was.isFile()) expect((await lstat(join(folder, name))).size, name).toBe(was.size);
    }
  });

  it('what is there already is told and left alone', options, async () => {
    const folder = join(await temporaryFolder('taken'), 'to');
    mkdirSync(join(folder, 'd1'), { recursive: true });
    for (const name of ['d1/f8', 'd1/f15', 'large-b']) writeFileSync(join(folder, name), 'mine');
    const { problems, summary } = await restore(snapshot, { directory: folder });
    expect(problems.map(({ path, severity }) => [path.text.slice(tree.length + 1), severity])).toEqual([
      ['d1/f15', 'error'],
      ['d1/f8', 'error'],
      ['large-b', 'error'],
    ]);
    expect(summary).toMatchObject({ files: FILES + 2, failed: 3 });
    for (const name of ['d1/f8', 'd1/f15', 'large-b']) expect(await readFile(join(folder, name), 'utf8')).toBe('mine');
    chmodSync(join(folder, 'd3'), 0o700);
  });

  it('damaged contents are told one by one, and all others are restored', options, async () => {
    const hurt = ['d2/f9', 'medium', 'large-b'];
    for (const name of hurt) await hurtContent(repository, found.get(join(tree, name)) as Entry, snapshot);
    const { problems, summary, names, folder } = await restore(snapshot);
    expect(problems.map(({ path, what, severity }) => [path.text.slice(tree.length + 1), what, severity]).sort()).toEqual(
      hurt.map((name) => [name, 'content', 'error']).sort(),
    );
    for (const { error } of problems) expect(['decode', 'integrity']).toContain(error.code);
    expect(summary).toMatchObject({ files: FILES + 2, failed: 3 });
    expect(names.filter((name) => hurt.includes(name) || PARTIAL.test(name))).toEqual([]);
    chmodSync(join(folder, 'd3'), 0o700);
  });
});
