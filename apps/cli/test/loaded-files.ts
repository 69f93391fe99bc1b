import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const HOOK = `import { writeSync } from 'node:fs';
export async function load(url, context, next) { writeSync(2, 'LOADED ' + url + '\\n'); return next(url, context); }`;
const REGISTER = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(HOOK)}`)});`;

/** Files that the bundle loads for a command line. */
export function loadedFiles(args: readonly string[]): Promise<{ readonly code: number; readonly files: readonly string[] }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(REGISTER)}`, MAIN, ...args],
      { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' } },
      (error, _out, err) =>
        resolve({
          code: error ? (typeof error.code === 'number' ? error.code : -1) : 0,
          files: [...err.matchAll(/^LOADED file:\/\/(.*)$/gm)].map((match) => match[1] ?? ''),
        }),
    );
  });
}
