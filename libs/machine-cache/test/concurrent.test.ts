import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CacheReadError } from '../src/cache-error.js';
import { readPebble } from '../src/pebble/read-pebble.js';
import { readSqlite } from '../src/sqlite/read-sqlite.js';
import { temporaryFolder } from './temporary.js';

const WRITE_MS = 5000;

type Writer = { readonly child: ChildProcess; readonly output: () => string; readonly ended: Promise<number | null> };

function startWriter(script: string, directory: string): Writer {
  const path = fileURLToPath(new URL(`./writers/${script}`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path, directory, String(WRITE_MS)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { child, output: () => text, ended: new Promise((resolve) => child.on('close', resolve)) };
}

async function until(ready: () => boolean): Promise<void> {
  while (!ready()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const counter = (index: number): string => index.toString(16).padStart(64, '0');

/** Reads until the writer ends: every reading must hold 0, 1, 2, … up to some number that never goes back. */
async function readWhileWriting(
  writer: Writer,
  read: () => Promise<readonly string[]>,
): Promise<{ readonly reads: number; readonly busy: number; readonly last: number }> {
  let running = true;
  void writer.ended.then(() => {
    running = false;
  });
  let last = 0;
  let reads = 0;
  let busy = 0;
  while (running) {
    try {
      const ids = await read();
      ids.forEach((id, index) => {
        if (id !== counter(index)) throw new Error(`a hole: ${id} where ${counter(index)} belongs, of ${ids.length}`);
      });
      expect(ids.length).toBeGreaterThanOrEqual(last);
      last = ids.length;
      reads++;
    } catch (error) {
      if (!(error instanceof CacheReadError)) throw error;
      expect(error.code).toBe('busy');
      busy++;
    }
  }
  expect(await writer.ended).toBe(0);
  return { reads, busy, last };
}

test('a Pebble database read while it is written, rotated, flushed, compacted and its logs recycled is always an exact prefix', async () => {
  const directory = await temporaryFolder('pebble');
  const writer = startWriter('pebble-counter.ts', directory);
  await until(() => existsSync(join(directory, 'marker.manifest.000001.MANIFEST-000001')));
  let attempts = 0;
  const outcome = await readWhileWriting(writer, async () => {
    const { keys, files } = await readPebble(directory);
    attempts += files.attempts;
    return [...keys.keys()].map((key) => key.slice('__state__:'.length));
  });
  process.stderr.write(
    `machine-cache concurrent Pebble: ${outcome.reads} reads with ${attempts} attempts, ${outcome.busy} busy, ${writer.output().trim()} writes\n`,
  );
  expect(outcome.reads).toBeGreaterThan(2);
  expect(outcome.last).toBeGreaterThan(100);
  const after = await readPebble(directory);
  expect(after.keys.size).toBe(Number(writer.output()));
});

test('a SQLite database read while it is written, checkpointed and its -wal restarted is always an exact prefix', async () => {
  const directory = await temporaryFolder('sqlite');
  const writer = startWriter('sqlite-counter.ts', directory);
  await until(() => writer.output().startsWith('ready'));
  let attempts = 0;
  const outcome = await readWhileWriting(writer, async () => {
    const { statesInOrder, files } = await readSqlite(directory);
    attempts += files.attempts;
    return statesInOrder;
  });
  process.stderr.write(
    `machine-cache concurrent SQLite: ${outcome.reads} reads with ${attempts} attempts, ${outcome.busy} busy, ${writer.output().trim().split('\n').at(-1)} writes\n`,
  );
  expect(outcome.reads).toBeGreaterThan(2);
  expect(outcome.last).toBeGreaterThan(10);
});
