import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Generates the database client from the schema, only when the schema or the generator's version changed. Needs no network. */
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const require = createRequire(import.meta.url);
const prismaPackage = require.resolve('prisma/package.json');
const schema = join(here, 'prisma/schema.prisma');
const stamp = join(here, 'src/generated/.stamp');

const want = createHash('sha256')
  .update(readFileSync(schema))
  .update(JSON.parse(readFileSync(prismaPackage, 'utf8')).version)
  .digest('hex');
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) {
  console.log('database client is up to date');
} else {
  generate();
  writeFileSync(stamp, want);
}

function generate() {
  const cli = join(dirname(prismaPackage), 'build/index.js');
  const env = {
    ...process.env,
    // The CLI insists on a schema engine although `generate` does not run it; naming one keeps it from downloading.
    PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? join(root, 'tools/prisma-schema-engine.mjs'),
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  };
  const result = spawnSync(process.execPath, [cli, 'generate'], { cwd: root, env, encoding: 'utf8' });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}\n`);
    throw new Error('prisma generate failed');
  }
  console.log('database client generated');
}
