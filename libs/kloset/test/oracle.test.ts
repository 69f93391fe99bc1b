import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkSnapshots } from '../src/bulk/check.js';
import { isDamaged } from '../src/snapshot/entry.js';
import { openSnapshot } from '../src/snapshot/open.js';
import { snapshotSource } from '../src/snapshot/source.js';
import type { Entry, Snapshot } from '../src/snapshot/types.js';
import { ORACLE_FOLDER, ORACLE_STORES, openOracle } from './open-oracle.js';

/** One line of `expected/<n>.jsonl`, as tools/oracle writes it: bytes as hex, `mode` in Go's form, time as seconds and nanoseconds. */
type Line = {
  readonly path: string;
  readonly mode: number;
  readonly mtimeNs: string;
  readonly dev: string;
  readonly ino: string;
  readonly uid: string;
  readonly gid: string;
  readonly nlink: number;
  readonly size: number;
  readonly sha256?: string;
  readonly target?: string;
  readonly xattrs?: Readonly<Record<string, string>>;
  readonly failure?: string;
};

const SECONDS = 1_000_000_000n;

describe.each(ORACLE_STORES)('%s, written by the library of plakar', (name) => {
  it('every path, number, link, attribute and content is what was backed up, and every blob proves', async () => {
    const repository = await openOracle(name);
    const { view } = repository;
    expect(view.unreadable).toEqual([]);
    expect(view.mergeHazards()).toEqual([]);
    const all = [...view.live, ...view.deleted].map((snapshot) => snapshot.id);
    const files = (await readdir(join(ORACLE_FOLDER, name, 'expected'))).sort();
    expect(all.length).toBe(files.length);
    expect(view.deleted.length).toBe(name.includes('sha256-uncompressed') ? 1 : 0);
    for (const id of all) {
      const snapshot = await openSnapshot(repository, id);
      const lines = await linesOf(name, snapshot.header.name.replace('tree-', ''));
      await expectSame(snapshot, lines);
    }
    for (const { id } of view.packfiles()) expect(await repository.verifyPackfile(id)).toMatchObject({ nameKnown: true });
    const problems: unknown[] = [];
    for await (const problem of checkSnapshots(snapshotSource(repository, repository), { snapshots: all })) problems.push(problem);
    expect(problems).toEqual([]);
    await repository.close();
  });
});

it('one of the oracle stores of each line has signed snapshots', async () => {
  for (const name of ORACLE_STORES.filter((store) => store.includes('signed'))) {
    const repository = await openOracle(name);
    for (const { id } of repository.view.live) expect((await openSnapshot(repository, id)).header.signed).toBe(true);
  }
});

async function linesOf(name: string, number: string): Promise<readonly Line[]> {
  const text = await readFile(join(ORACLE_FOLDER, name, 'expected', `${number}.jsonl`), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

async function expectSame(snapshot: Snapshot, lines: readonly Line[]): Promise<void> {
  const attributes = await attributesOf(snapshot);
  const found = new Map<string, Line>();
  for await (const entry of snapshot.walk(Buffer.from('/'))) {
    if (isDamaged(entry)) throw entry.damaged;
    const path = hex(entry.path.bytes);
    found.set(path, await describeEntry(snapshot, entry, attributes.get(path)));
    expect(await snapshot.entry(entry.path.bytes)).toEqual(entry);
  }
  for (const line of lines.filter((expected) => expected.failure === undefined)) {
    expect(found.get(line.path), Buffer.from(line.path, 'hex').toString('latin1')).toEqual(line);
    found.delete(line.path);
  }
  expect([...found.keys()]).toEqual([]);
  const errors: string[][] = [];
  for await (const error of snapshot.errors()) errors.push([hex(error.path.bytes), error.message]);
  expect(errors).toEqual(lines.flatMap((line) => (line.failure === undefined ? [] : [[line.path, line.failure]])));
}

async function describeEntry(snapshot: Snapshot, entry: Entry, attributes: Record<string, string> | undefined): Promise<Line> {
  const seconds = entry.mtimeNs / SECONDS - (entry.mtimeNs < 0n && entry.mtimeNs % SECONDS !== 0n ? 1n : 0n);
  return {
    path: hex(entry.path.bytes),
    mode: entry.goMode,
    mtimeNs: `${seconds}+${entry.mtimeNs - seconds * SECONDS}`,
    dev: entry.dev.toString(),
    ino: entry.ino.toString(),
    uid: entry.uid.toString(),
    gid: entry.gid.toString(),
    nlink: entry.nlink,
    size: Number(entry.sizeBytes),
    ...(entry.type === 'file' ? { sha256: await sha256(snapshot, entry.object as string) } : {}),
    ...(entry.symlinkTarget === null ? {} : { target: hex(entry.symlinkTarget.bytes) }),
    ...(attributes === undefined ? {} : { xattrs: attributes }),
  };
}

async function attributesOf(snapshot: Snapshot): Promise<Map<string, Record<string, string>>> {
  const found = new Map<string, Record<string, string>>();
  for await (const item of snapshot.xattrs()) {
    const path = hex(item.path.bytes);
    const known = found.get(path) ?? {};
    known[hex(item.name.bytes)] = await sha256(snapshot, item.object);
    found.set(path, known);
  }
  return found;
}

async function sha256(snapshot: Snapshot, object: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of snapshot.content(await snapshot.object(object as Entry['mac']))) hash.update(piece);
  return hash.digest('hex');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
