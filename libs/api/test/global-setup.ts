import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDataFolder, openKeyRing, startEmbedded } from '@wardrobe/db';
import { build } from 'esbuild';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    superuser: { host: string; port: number; user: string; password: string };
    owner: { user: string; password: string };
    workerFile: string;
  }
}

/** One PostgreSQL and one bundle of the worker for all files. Each file makes a database of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'wardrobe-api-'));
  // As root the database runs as a user of its own, which must pass through.
  chmodSync(folder, 0o711);
  const data = openDataFolder(join(folder, 'data'));
  const keys = openKeyRing(data);
  const [embedded, workerFile] = await Promise.all([startEmbedded({ data, keys, rootHome: join(folder, 'root-home') }), bundleWorker()]);
  const { host, port } = embedded.target;
  project.provide('superuser', { host, port, user: 'postgres', password: keys.databasePassword('postgres') });
  project.provide('owner', { user: embedded.target.user, password: embedded.target.password });
  project.provide('workerFile', workerFile);
  return async () => {
    await embedded.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Beside the library, so that packages which stay outside the bundle are found. */
async function bundleWorker(): Promise<string> {
  const outfile = fileURLToPath(new URL(`../dist/test-worker-${process.pid}.mjs`, import.meta.url));
  await build({
    entryPoints: [fileURLToPath(new URL('../src/workers/worker.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
    external: ['shiki', '@napi-rs/*', 'libsql', 'pg-native', 'cpu-features', '*.node'],
    banner: {
      js: "import { createRequire as wardrobeRequire } from 'node:module'; import { fileURLToPath as wardrobePath } from 'node:url'; const require = wardrobeRequire(import.meta.url); const __dirname = wardrobePath(new URL('.', import.meta.url));",
    },
  });
  process.once('exit', () => rmSync(outfile, { force: true }));
  return outfile;
}
