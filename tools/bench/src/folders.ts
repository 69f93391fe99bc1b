import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Below node_modules, so that packages which stay outside the bundles are found. */
const programs = join(root, 'node_modules/.cache/wardrobe-bench');

/** A folder for generated stores, removed at the end. `BENCH_STORES` keeps them between runs. */
export type WorkFolder = { readonly path: string; store(name: string, make: (root: string) => Promise<unknown>): Promise<string>; remove(): void };

export function openWorkFolder(kept: string | undefined): WorkFolder {
  const path = kept ?? mkdtempSync(join(tmpdir(), 'wardrobe-bench-'));
  mkdirSync(path, { recursive: true });
  return {
    path,
    async store(name, make) {
      const folder = join(path, name);
      const done = `${folder}.done`;
      if (existsSync(done)) return folder;
      rmSync(folder, { recursive: true, force: true });
      process.stderr.write(`making the store ${name} …\n`);
      await make(folder);
      mkdirSync(done);
      return folder;
    },
    remove() {
      if (kept === undefined) rmSync(path, { recursive: true, force: true });
    },
  };
}

export const HOOKS = {
  usage: fileURLToPath(new URL('programs/usage-hook.mjs', import.meta.url)),
  delay: fileURLToPath(new URL('programs/delay-hook.mjs', import.meta.url)),
} as const;

/** The command line as it is built, copied aside: another build must not change it under a measurement. */
export function buildCli(): string {
  build('apps/cli/build.mjs');
  const copy = join(programs, 'apps/cli/dist');
  rmSync(copy, { recursive: true, force: true });
  cpSync(join(root, 'apps/cli/dist'), copy, { recursive: true });
  return join(copy, 'main.js');
}

/** The server's bundle in a small installation of its own; with `pages` those of `apps/web` as they are built now. */
export function buildServer(options: { readonly pages?: boolean } = {}): string {
  build('apps/server/build.mjs');
  const copy = join(programs, 'apps/server/dist');
  rmSync(copy, { recursive: true, force: true });
  cpSync(join(root, 'apps/server/dist'), copy, { recursive: true });
  cpSync(join(root, 'package.json'), join(programs, 'package.json'));
  rmSync(join(programs, 'apps/web'), { force: true });
  if (options.pages === true) symlinkSync(join(root, 'apps/web'), join(programs, 'apps/web'));
  return join(copy, 'main.js');
}

function build(script: string): void {
  const { status } = spawnSync(process.execPath, [join(root, script)], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${script} failed with ${status}`);
}
