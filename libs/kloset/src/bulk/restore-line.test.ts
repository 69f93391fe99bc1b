import { chmodSync, cpSync, linkSync, mkdirSync, readFileSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { StoreError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { openRepository } from '../repository/repository.js';
import type { Repository } from '../repository/types.js';
import { openSnapshot } from '../snapshot/open.js';
import { keystream } from '../snapshot/testing/index.js';
import type { Store } from '../store/store.js';
import { backup } from './backup/backup.js';
import { entriesOf, freshRepository, PASSPHRASE } from './backup/testing/backup-kit.js';
import { restoreTo } from './restore.js';
import type { RestoreOptions, RestoreProblem, RestoreSummary } from './restore-types.js';

const MIB = 1 << 20;
const FILES = 1500;
const PARTIAL = /partial/;
/** `medium` has another name. */
const HURT = ['d1/f1', 'd2/f9', 'd3/f773', 'd4/f1201', 'd5/f1489', 'medium', 'large'];
let tree: string;

/** So many files that threads make them, of each kind that goes its own way. Most of it does not compress. */
beforeAll(async () => {
  tree = join(await temporaryFolder('restore-line'), 'tree');
  const noise = keystream('restore-line');
  for (let i = 0; i < FILES; i++) {
    const folder = join(tree, `d${i % 7}`);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `f${i}`);
    writeFileSync(path, i % 20 === 0 ? '' : noise.bytes(1 + ((i * 7919) % (16 << 10))));
    chmodSync(path, [0o644, 0o600, 0o755, 0o4755][i % 4] as number);
    utimesSync(path, 1_000_000 + i, String(-5000 - i));
  }
  writeFileSync(join(tree, 'twice-a'), 'the same');
  writeFileSync(join(tree, 'twice-b'), 'the same');
  writeFileSync(join(tree, 'medium'), noise.bytes(3 * MIB));
  writeFileSync(join(tree, 'large'), noise.bytes(9 * MIB));
  writeFileSync(join(tree, 'holes'), noise.bytes(MIB));
  truncateSync(join(tree, 'holes'), 3 * MIB);
  linkSync(join(tree, 'medium'), join(tree, 'other name'));
  symlinkSync('large', join(tree, 'link'));
}, 60_000);

type Line = {
  readonly store: Store;
  /** Of packfiles. */
  askedBytes: number;
  underWay: number;
  /** Runs before an answer. */
  before: ((lengthBytes: number) => Promise<void>) | null;
};

/** A store that is reached over a line: it has no files of this machine. */
function lineTo(inner: Store): Line {
  const line: Line = {
    askedBytes: 0,
    underWay: 0,
    before: null,
    store: {
      location: inner.location,
      readConfig: (options) => inner.readConfig(options),
      list: (...what) => inner.list(...what),
      listForeign: (options) => inner.listForeign(options),
      sizeBytes: (...item) => inner.sizeBytes(...item),
      read: (...item) => inner.read(...item),
      async readRange(...range) {
        line.askedBytes += range[3];
        line.underWay += 1;
        try {
          await line.before?.(range[3]);
          return await inner.readRange(...range);
        } finally {
          line.underWay -= 1;
        }
      },
      line: () => ({ requests: 0, retries: 0, bytesRead: line.askedBytes, bytesWritten: 0, meanLatencyMs: null }),
      close: () => inner.close(),
    },
  };
  return line;
}

type Restored = { readonly problems: RestoreProblem[]; readonly summary: RestoreSummary; readonly names: string[]; readonly folder: string };

async function restore(repository: Repository, id: SnapshotId, more: Partial<RestoreOptions> = {}): Promise<Restored> {
  const directory = more.directory ?? join(await temporaryFolder('restored'), 'to');
  const problems: RestoreProblem[] = [];
  const items = restoreTo(await openSnapshot(repository, id), { path: nameBytes(tree), directory, ...more });
  for (;;) {
    const next = await items.next();
    if (next.done === true) return { problems, summary: next.value, names: (await readdir(directory, { recursive: true })).sort(), folder: directory };
    problems.push(next.value);
  }
}

function told({ problems }: Restored): string[] {
  return problems.map(({ path, what, severity, error }) => `${path.text} ${what} ${severity}: ${error.message}`).sort();
}

describe.each([
  ['1.0', false],
  ['1.1', true],
] as const)('a restore over a line, from a store of line %s, encrypted: %s', (version, encrypted) => {
  const options = { timeout: 120_000 };
  let storeFolder: string;
  let inner: Store;
  let id: SnapshotId;
  let line: Line;
  let repository: Repository;

  beforeAll(async () => {
    const folder = await temporaryFolder('restore-line-store');
    storeFolder = join(folder, 'store');
    const store = fsStore(storeFolder);
    const made = await freshRepository(store, { line: version, encrypted });
    ({ snapshot: id } = await backup(made, { paths: [nameBytes(tree)], origin: 'workshop' }, { threads: 2, proofDirectory: join(folder, 'notes') }));
    inner = store;
    line = lineTo(inner);
    repository = await open(line.store);
  }, 120_000);

  afterEach(() => {
    line.before = null;
  });

  const open = (store: Store): Promise<Repository> => openRepository(store, encrypted ? { passphrase: PASSPHRASE } : {});

  it('brings all as it was, and asks for little more than the packfiles hold', options, async () => {
    line.askedBytes = 0;
    const { problems, summary, names, folder } = await restore(repository, id);
    let packfiles = 0;
    for await (const { sizeBytes } of inner.list('packfile')) packfiles += sizeBytes;
    expect(line.askedBytes).toBeLessThan(1.3 * packfiles);
    expect(problems).toEqual([]);
    const files = FILES + 6;
    expect(summary).toMatchObject({ files, directories: 7, symlinks: 1, hardLinks: 1, failed: 0, warnings: 0 });
    expect(names).toEqual((await readdir(tree, { recursive: true })).sort());
    for (const name of names) {
      const [was, is] = await Promise.all([lstat(join(tree, name), { bigint: true }), lstat(join(folder, name), { bigint: true })]);
      expect([is.mode, is.uid, is.gid, is.size, is.mtimeMs], name).toEqual([was.mode, was.uid, was.gid, was.size, was.mtimeMs]);
      if (was.isFile()) expect(Buffer.compare(await readFile(join(tree, name)), await readFile(join(folder, name))), name).toBe(0);
    }
    expect((await lstat(join(folder, 'holes'))).blocks * 512).toBeLessThan(2 * MIB);
  });

  it('finds all as it is in the snapshot when it reads it back, and asks for objects many at a time', options, async () => {
    const fresh = lineTo(inner);
    const over = await open(fresh.store);
    let asked = 0;
    fresh.before = () => {
      asked += 1;
      return Promise.resolve();
    };
    const { problems, summary } = await restore(over, id, { verify: true });
    expect(problems).toEqual([]);
    expect(summary.verified).toBe(FILES + 6 + 7 + 1);
    expect(asked).toBeLessThan(FILES / 5);
    await over.close();
  });

  it('asks for what comes next while the files before are not made yet', options, async () => {
    const fresh = lineTo(inner);
    const over = await open(fresh.store);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let askedBefore: number | null = null;
    fresh.before = (lengthBytes) => {
      // One range of contents is not answered.
      if (askedBefore !== null || fresh.askedBytes < 2 * MIB || lengthBytes < MIB / 4) return Promise.resolve();
      askedBefore = fresh.askedBytes;
      return gate;
    };
    const restoring = restore(over, id);
    try {
      await vi.waitFor(() => expect(fresh.askedBytes - (askedBefore ?? Number.POSITIVE_INFINITY)).toBeGreaterThan(3 * MIB), { timeout: 30_000 });
    } finally {
      release();
    }
    expect((await restoring).summary).toMatchObject({ files: FILES + 6, failed: 0 });
    await over.close();
  });

  it.each(['fail', 'skip', 'overwrite', 'keep-newer', 'rename'] as const)(
    'does with names that are taken what a restore from this disk does: %s',
    options,
    async (conflict) => {
      const local = await open(inner);
      const found: unknown[] = [];
      for (const from of [local, repository]) {
        const directory = join(await temporaryFolder('taken'), 'to');
        mkdirSync(join(directory, 'd1'), { recursive: true });
        for (const name of ['d1/f8', 'd1/f15', 'large']) writeFileSync(join(directory, name), 'mine');
        const actions: string[] = [];
        const done = await restore(from, id, { directory, conflict, onAction: ({ path, action, to }) => actions.push(`${path.text} ${action} ${to.text}`) });
        const contents = await Promise.all(['d1/f8', 'd1/f15', 'large'].map((name) => readFile(join(directory, name), 'latin1')));
        found.push({ told: told(done), summary: done.summary, names: done.names, contents, actions });
      }
      expect(found[1]).toEqual(found[0]);
    },
  );

  it('that is cancelled ends with nothing half written and nothing under way', options, async () => {
    const controller = new AbortController();
    const directory = join(await temporaryFolder('cancelled'), 'to');
    const onProgress = ({ files }: RestoreSummary): void => (files > 600 ? controller.abort(new Error('enough')) : undefined);
    await expect(restore(repository, id, { directory, signal: controller.signal, onProgress })).rejects.toThrow('enough');
    await vi.waitFor(() => expect(line.underWay).toBe(0));
    const names = await readdir(directory, { recursive: true });
    expect(names.filter((name) => PARTIAL.test(name))).toEqual([]);
    for (const name of names) {
      const was = await lstat(join(tree, name));
      if (was.isFile()) expect((await lstat(join(directory, name))).size, name).toBe(was.size);
    }
  });

  it('that is cancelled while the line does not answer ends all the same', options, async () => {
    const fresh = lineTo(inner);
    const over = await open(fresh.store);
    const controller = new AbortController();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const onProgress = ({ files }: RestoreSummary): void => {
      if (files < 100) return;
      fresh.before = () => gate;
      setTimeout(() => controller.abort(new Error('enough')), 50);
    };
    await expect(restore(over, id, { signal: controller.signal, onProgress })).rejects.toThrow('enough');
    release();
    await over.close();
  });

  it('tells a line that broke as such, for each file, and keeps what was whole', options, async () => {
    const fresh = lineTo(inner);
    const over = await open(fresh.store);
    let answered = 0;
    fresh.before = async () => {
      answered += 1;
      if (answered > 10) throw new StoreError('the line broke', { fault: 'line', retryable: true });
    };
    const done = await restore(over, id);
    const { problems, summary, names } = done;
    expect(summary.failed).toBeGreaterThan(0);
    expect(new Set(problems.map(({ error }) => error.code))).toEqual(new Set(['store']));
    expect(names.filter((name) => PARTIAL.test(name))).toEqual([]);
    const files = (await Promise.all(names.map((name) => lstat(join(done.folder, name))))).filter((stat) => stat.isFile());
    expect(files).toHaveLength(summary.files);
    await over.close();
  });

  it('tells damaged contents one by one, in the words of a restore from this disk, and restores all others', options, async () => {
    const spoiled = await spoiledCopy();
    const [local, over] = [await open(spoiled), await open(lineTo(spoiled).store)];
    const expected = await restore(local, id);
    const found = await restore(over, id);
    expect(found.summary.failed).toBe(HURT.length + 1);
    expect(told(found)).toEqual(told(expected));
    // What came of a content before its end failed counts in both, but they read in parts of different length.
    expect({ ...found.summary, bytes: 0, names: found.names }).toEqual({ ...expected.summary, bytes: 0, names: expected.names });
    expect(found.names.filter((name) => PARTIAL.test(name) || HURT.includes(name))).toEqual([]);
  });

  /** The store once more, with a byte changed in each of some contents. */
  async function spoiledCopy(): Promise<Store> {
    const folder = join(await temporaryFolder('spoiled'), 'store');
    cpSync(storeFolder, folder, { recursive: true });
    const entries = await entriesOf(repository, id, tree);
    const snapshot = await openSnapshot(repository, id);
    for (const name of HURT) {
      const object = entries.get(join(tree, name))?.object ?? null;
      if (object === null) throw new Error('it has content');
      const chunk = (await snapshot.object(object)).chunks.at(-1);
      const place = chunk === undefined ? undefined : repository.view.locations(SNAPSHOT_BLOB.chunk, chunk.mac)[0];
      if (place === undefined) throw new Error('it lies in a packfile');
      const path = join(folder, 'packfiles', place.packfile.slice(0, 2), place.packfile);
      const bytes = readFileSync(path);
      const at = place.offset + 16 + (place.lengthBytes >> 1);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    }
    return fsStore(folder);
  }
});
