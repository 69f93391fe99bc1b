import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export type Run = { readonly code: number; readonly out: string; readonly bytes: Buffer; readonly err: string };

/** Runs the command line as a process of its own, with no terminal and an environment that names nothing of this machine. */
export function wardrobe(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { encoding: 'buffer', maxBuffer: 256 * 1024 * 1024, env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env } },
      (error, stdout, stderr) =>
        resolve({
          code: error ? (typeof error.code === 'number' ? error.code : -1) : 0,
          out: stdout.toString('utf8'),
          bytes: stdout,
          err: stderr.toString('utf8'),
        }),
    );
    child.stdin?.end();
  });
}

/** The lines of `--json` output. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
