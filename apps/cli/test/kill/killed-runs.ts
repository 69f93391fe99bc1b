import { spawn } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fsStore } from '@wardrobe/connector-fs';
import { checkSnapshots, listSnapshots, openRepository } from '@wardrobe/kloset';
import type { SnapshotId } from '@wardrobe/kloset-model';
import type { seededRandom } from '@wardrobe/testing';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export type Ended = { readonly code: number | null; readonly killed: boolean; readonly out: string; readonly err: string; readonly ms: number };

/** Runs the command line; `afterMs`: ends the process the hard way that long after its start, if it still runs. */
export function run(args: readonly string[], options: { readonly afterMs?: number; readonly home: string }): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: options.home,
      WARDROBE_INDEX: join(options.home, 'index'),
      WARDROBE_CONFIG: join(options.home, 'config'),
    };
    const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const timer = options.afterMs === undefined ? null : setTimeout(() => child.kill('SIGKILL'), options.afterMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (timer !== null) clearTimeout(timer);
      resolve({ code, killed: signal === 'SIGKILL', out, err, ms: performance.now() - startedMs });
    });
  });
}

/** Files of random and repeated bytes; every call changes some of them. */
export async function changeTree(folder: string, random: ReturnType<typeof seededRandom>, files = 30): Promise<void> {
  for (let at = 0; at < files; at += 1) {
    const place = join(folder, `d${random.below(5)}`);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, `f${random.below(60)}`), random.bytes(random.below(10) === 0 ? 400_000 : random.below(9000)));
  }
}

/** Opens a store like a machine that never saw it: every state reads, every visible snapshot is whole, those kept are there. @returns what is visible */
export async function inspect(store: string, kept: ReadonlySet<SnapshotId>, told: string): Promise<ReadonlySet<SnapshotId>> {
  const repository = await openRepository(fsStore(store));
  try {
    if (repository.view.unreadable.length > 0) throw new Error(`${told}: ${repository.view.unreadable.length} states cannot be read`);
    const visible = new Set<SnapshotId>();
    for await (const found of listSnapshots(repository)) {
      if ('error' in found) throw new Error(`${told}: ${found.error.message}`);
      visible.add(found.header.id);
    }
    for (const id of kept) if (!visible.has(id)) throw new Error(`${told}: snapshot ${id} is gone`);
    const check = checkSnapshots(repository, { snapshots: [...visible] });
    for (;;) {
      const step = await check.next();
      if (step.done === true) return visible;
      throw new Error(`${told}: ${step.value.what} of ${step.value.snapshot.slice(0, 8)}: ${step.value.error.message}`);
    }
  } finally {
    await repository.close();
  }
}

/** What time does to the locks of killed processes: ten minutes later they are stale, and whoever comes removes them. */
export async function clearLocks(store: string): Promise<number> {
  const locks = await readdir(join(store, 'locks'));
  for (const name of locks) await rm(join(store, 'locks', name));
  return locks.length;
}
