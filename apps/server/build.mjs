/** Bundles the server into dist/: main.js, the worker threads' entry worker.js, what they share, and the migrations. */
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
rmSync(`${here}dist`, { recursive: true, force: true });
await build({
  entryPoints: { main: `${here}src/main.ts`, worker: `${root}libs/api/src/workers/worker.ts` },
  outdir: `${here}dist`,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.9',
  sourcemap: 'linked',
  legalComments: 'none',
  logLevel: 'warning',
  // Native or optional parts, the pages' framework, and what brings its own files.
  external: ['next', 'libsql', 'pg-native', '@napi-rs/blake-hash', '@napi-rs/xattr', '@node-rs/argon2', 'shiki', 'shiki/*', '@shikijs/*'],
  // CommonJS packages inside an ES module bundle ask for require.
  banner: { js: "import { createRequire as wardrobeRequire } from 'node:module'; const require = wardrobeRequire(import.meta.url);" },
});
cpSync(`${root}libs/db/prisma/migrations`, `${here}dist/migrations`, { recursive: true });
process.exit(0);
