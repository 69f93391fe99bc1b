#!/usr/bin/env node
import { existsSync } from 'node:fs';

const bundle = new URL('../dist/main.js', import.meta.url);
if (!existsSync(bundle)) {
  process.stderr.write('wardrobe: building the command line, once\n');
  const { build } = await import('../../../tools/run/build.mjs');
  const { code, output } = await build({ quiet: true, only: ['@wardrobe/cli'] });
  if (code !== 0) {
    process.stderr.write(`${output}\nwardrobe: the build failed\n`);
    process.exit(1);
  }
}
await import(bundle.href);
