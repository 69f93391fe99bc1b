#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const bundle = new URL('../dist/main.js', import.meta.url);
if (!existsSync(bundle)) {
  process.stderr.write('wardrobe: building the command line, once\n');
  const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL('../build.mjs', import.meta.url))], { encoding: 'utf8' });
  if (status !== 0) {
    process.stderr.write(`${stderr}\nwardrobe: the build failed\n`);
    process.exit(1);
  }
}
await import(bundle.href);
