/** Bundles the command line into dist/, split so that each command loads only what it needs. */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
rmSync(`${here}dist`, { recursive: true, force: true });
await build({
  // The second: what the threads of a backup run.
  entryPoints: { main: `${here}src/main.ts`, 'bulk-worker': `${here}../../libs/kloset/src/bulk/pipeline/worker.ts` },
  outdir: `${here}dist`,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.9',
  minifySyntax: true,
  // Native parts; the SSH client does without its own.
  external: ['libsql', '@napi-rs/blake-hash', '@napi-rs/xattr', 'cpu-features', '*.node'],
  // Their CommonJS form has no named exports once it is a part of its own.
  alias: {
    '@aws-sdk/client-s3': '@aws-sdk/client-s3/dist-es/index.js',
    '@aws-sdk/credential-providers': '@aws-sdk/credential-providers/dist-es/index.js',
  },
  // CommonJS packages inside an ES module bundle ask for require and __dirname.
  banner: {
    js: "import { createRequire as wardrobeRequire } from 'node:module'; import { fileURLToPath as wardrobePath } from 'node:url'; const require = wardrobeRequire(import.meta.url); const __dirname = wardrobePath(new URL('.', import.meta.url));",
  },
});
process.exit(0);
