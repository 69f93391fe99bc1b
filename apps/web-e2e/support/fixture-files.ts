import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Fixture, unpackFixture } from '@wardrobe/testing';

export { COMMITTED_FIXTURES, copyFixtureStore, type Fixture, temporaryFolder } from '@wardrobe/testing';
export const unpack = unpackFixture;

const WARDROBE = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));

/** Runs the command line as a process of its own. Rejects with what it printed when it fails. */
export function wardrobe(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [WARDROBE, ...args], { env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env } }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout),
    );
  });
}

export type ExpectedFile = { readonly path: string; readonly type: string; readonly size: number; readonly sha256: string };

/** Files that were backed up in snapshot N of a fixture. */
export async function expectedFiles(fixture: Fixture, number: number): Promise<ExpectedFile[]> {
  const { readdir, readFile } = await import('node:fs/promises');
  const file = (await readdir(fixture.expectedDir)).find((name) => name.startsWith(`${number}-`));
  const text = await readFile(`${fixture.expectedDir}/${file}`, 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ExpectedFile)
    .filter((entry) => entry.type === 'file');
}
