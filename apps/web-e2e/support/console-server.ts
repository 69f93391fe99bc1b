import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));

export type ConsoleServer = {
  readonly base: string;
  /** The one-time link of the first start. */
  readonly setupLink: string;
  readonly dataFolder: string;
  /** What the server printed so far. */
  output(): string;
  stop(): Promise<void>;
};

/** Starts the built server on a free port with a data folder of its own; everything it made is removed when it stops. */
export async function startConsole({
  demo = false,
  env = {},
}: {
  readonly demo?: boolean;
  readonly env?: Readonly<Record<string, string>>;
} = {}): Promise<ConsoleServer> {
  const folder = await mkdtemp(join(tmpdir(), 'wardrobe-console-'));
  // As root the database runs as an account of its own, which must be able to pass through.
  await chmod(folder, 0o755);
  const child = spawn(process.execPath, [MAIN, '--port', '0', ...(demo ? ['--demo'] : [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, WARDROBE_DATA: join(folder, 'data'), WARDROBE_PG_HOME: join(folder, 'database'), WARDROBE_STORE_ROOTS: tmpdir(), ...env },
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  });
  const link = await waitFor(
    child,
    () => /^\s*(https?:\/\/\S+\/set-up\S+)\s*$/m.exec(printed)?.[1] ?? null,
    () => printed,
  );
  return {
    base: new URL(link).origin,
    setupLink: link,
    dataFolder: join(folder, 'data'),
    output: () => printed,
    async stop() {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function waitFor(child: ChildProcess, find: () => string | null, printed: () => string): Promise<string> {
  const until = Date.now() + 90_000;
  for (;;) {
    const found = find();
    if (found !== null) return found;
    if (child.exitCode !== null || Date.now() > until) throw new Error(`the server did not start:\n${printed()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
