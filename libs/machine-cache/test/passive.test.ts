import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inspectCaches, readMachineCaches } from '../src/index.js';
import { DESYNC, MACHINES, machineHome } from './golden.js';

/** Everything about a folder that reading must not change: names, sizes, times of content and inode, links, modes, bytes. */
async function fingerprint(folder: string): Promise<string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name);
    const info = await lstat(path, { bigint: true });
    const content = info.isFile()
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : '';
    lines.push([name, info.ino, info.mode, info.nlink, info.size, info.mtimeNs, info.ctimeNs, content].join(' '));
  }
  return lines;
}

test.each(DESYNC.flatMap((name) => MACHINES.map((machine) => [name, machine] as const)))(
  'reading %s %s changes neither names, bytes, times nor links of the cache',
  async (name, machine) => {
    const home = await machineHome(name, machine);
    const before = await fingerprint(home);
    await readMachineCaches({ directories: [home], nowMs: Date.now(), waitMs: 0 });
    const inspection = await inspectCaches({ directories: [home], nowMs: Date.now(), waitMs: 0 });
    expect(await fingerprint(home)).toEqual(before);
    expect(before.length).toBeGreaterThan(10);
    expect(inspection.failures).toEqual([]);
    expect(inspection.caches.filter(({ role }) => role === 'view')).toHaveLength(1);
  },
);
