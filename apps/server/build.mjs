/** Bundles the server into dist/: main.js, the worker threads' entry worker.js, what they share, and the migrations. */
import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const { lightSsh } = await import(`${root}libs/connectors/sftp/bundle.mjs`);
const { metafile } = await build({
  absWorkingDir: root,
  metafile: true,
  entryPoints: { main: `${here}src/main.ts`, worker: `${root}libs/api/src/workers/worker.ts`, 'bulk-worker': `${root}libs/kloset/src/bulk/pipeline/worker.ts` },
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
  external: [
    'next',
    'libsql',
    'pg-native',
    'cpu-features',
    '*.node',
    '@napi-rs/blake-hash',
    '@napi-rs/xattr',
    '@node-rs/argon2',
    'shiki',
    'shiki/*',
    '@shikijs/*',
  ],
  plugins: [lightSsh],
  // Its CommonJS form has no named exports once it is a part of its own.
  alias: {
    '@aws-sdk/credential-providers': '@aws-sdk/credential-providers/dist-es/index.js',
  },
  // CommonJS packages inside an ES module bundle ask for require and __dirname.
  banner: {
    js: "import { createRequire as wardrobeRequire } from 'node:module'; import { fileURLToPath as wardrobePath } from 'node:url'; const require = wardrobeRequire(import.meta.url); const __dirname = wardrobePath(new URL('.', import.meta.url));",
  },
});
removeOld();
cpSync(`${root}libs/db/prisma/migrations`, `${here}dist/migrations`, { recursive: true });
process.exit(0);

/** Parts of earlier builds stay for a day: a console that still runs on one loads its threads' code when it first needs it. */
function removeOld() {
  const written = new Set(Object.keys(metafile.outputs).map((path) => join(root, path)));
  const folder = `${here}dist`;
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name !== 'migrations' && !written.has(path) && Date.now() - statSync(path).mtimeMs > 86_400_000) rmSync(path, { force: true });
  }
}
