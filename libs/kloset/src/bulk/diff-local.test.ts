import { chmod, mkdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nameBytes } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { openSnapshot } from '../snapshot/open.js';
import { type BuildEntry, buildSnapshot, memorySource } from '../snapshot/testing/index.js';
import type { Snapshot } from '../snapshot/types.js';
import { diffLocal } from './diff-local.js';
import { restoreTo } from './restore.js';

const OLD_NS = 1_000_000_000_000_000_000n;
const odd = Buffer.from([0x2f, 0x64, 0x2f, 0xff, 0xfe]);

function snapshotOf(entries: readonly BuildEntry[]): { snapshot: Promise<Snapshot>; source: ReturnType<typeof memorySource> } {
  const source = memorySource(new Uint8Array(32).fill(9));
  const owner = { uid: BigInt(process.getuid?.() ?? 0), gid: BigInt(process.getgid?.() ?? 0), mtimeNs: OLD_NS };
  return {
    source,
    snapshot: openSnapshot(
      source,
      buildSnapshot(
        source,
        entries.map((entry) => ({ ...owner, ...entry })),
        { form: '1.1' },
      ),
    ),
  };
}

const tree: readonly BuildEntry[] = [
  { path: '/d', type: 'directory', permissions: 0o755 },
  { path: '/d/a', content: 'a content' },
  { path: '/d/b', content: 'b content' },
  { path: '/d/gone', type: 'directory', permissions: 0o755 },
  { path: '/d/gone/deep', content: 'deep' },
  { path: '/d/l', type: 'symlink', target: 'a' },
  { path: '/d/m', content: 'm', permissions: 0o640 },
  { path: '/d/t', content: 't' },
  { path: odd, content: 'odd' },
];

async function restored(snapshot: Snapshot): Promise<string> {
  const folder = join(await temporaryFolder('diff'), 'd');
  for await (const problem of restoreTo(snapshot, { path: nameBytes('/d'), directory: folder, owners: false })) throw problem.error;
  return folder;
}

async function told(snapshot: Snapshot, folder: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const change of diffLocal(snapshot, { path: nameBytes('/d'), local: Buffer.from(folder) }))
    lines.push(`${change.kind} ${change.path.text}${'what' in change && change.what.length > 0 ? ` ${change.what.join()}` : ''}`);
  return lines.filter((line) => !/^changed [a-z]* ?mtime$/.test(line));
}

describe('a snapshot and this machine', () => {
  it('what was restored does not differ', async () => {
    const snapshot = await snapshotOf(tree).snapshot;
    expect(await told(snapshot, await restored(snapshot))).toEqual([]);
  });
  it('each kind of difference is told, contents of equal size and time too, everything below included', async () => {
    const snapshot = await snapshotOf(tree).snapshot;
    const folder = await restored(snapshot);
    await writeFile(join(folder, 'a'), 'A CONTENT');
    await utimes(join(folder, 'a'), 1_000_000_000, 1_000_000_000);
    await truncate(join(folder, 'b'), 3);
    await rm(join(folder, 'gone'), { recursive: true });
    await rm(join(folder, 'l'));
    await symlink('elsewhere', join(folder, 'l'));
    await chmod(join(folder, 'm'), 0o600);
    await rm(join(folder, 't'));
    await mkdir(join(folder, 't'));
    await writeFile(join(folder, 't', 'in'), '');
    await mkdir(join(folder, 'new'));
    await writeFile(join(folder, 'new', 'in'), '');
    expect(await told(snapshot, folder)).toEqual([
      'changed a content',
      'changed b content,mtime',
      'removed gone',
      'removed gone/deep',
      'changed l mtime,target',
      'changed m mode',
      'added new',
      'added new/in',
      'type-changed t',
      'added t/in',
    ]);
  });
  it('where the snapshot cannot be read nothing is claimed', async () => {
    const { snapshot: opened, source } = snapshotOf(tree);
    const snapshot = await opened;
    const folder = await restored(snapshot);
    const entry = await snapshot.entry(nameBytes('/d/a'));
    source.remove(7, entry.object ?? entry.mac);
    const fresh = await openSnapshot(source, snapshot.header.id);
    expect(await told(fresh, folder)).toEqual(['unknown a']);
    await expect(told(fresh, join(folder, 'nothing'))).rejects.toThrow(/does not exist on this machine/);
  });
});
