import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyFixtureStore, temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { jsonLines, wardrobe } from './run-wardrobe.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const text = await readFile(fileURLToPath(new URL('../../../docs/cli.md', import.meta.url)), 'utf8');

type Example = { readonly line: string; readonly untilCtrlC: boolean };

/** Sections with the lines of their `sh` blocks; those of blocks marked `until-ctrl-c` run until they are ended, those marked `run-by-hand` are left out. */
function sections(): { title: string; examples: Example[] }[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      title: section.split('\n')[0] ?? '',
      examples: [...section.matchAll(/^```sh( until-ctrl-c)?\n([\s\S]*?)^```$/gm)].flatMap(([, mark, lines = '']) =>
        lines
          .split('\n')
          .filter((line) => line.startsWith('wardrobe '))
          .map((line) => ({ line, untilCtrlC: mark !== undefined })),
      ),
    }))
    .filter(({ examples }) => examples.length > 0);
}

/** Runs until it has said where it can be reached, and ends it as Ctrl-C does. */
async function untilCtrlC(args: readonly string[], env: Readonly<Record<string, string>>): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const hear = (part: Buffer): void => {
    const isUp = (): boolean => /http:\/\/127\.0\.0\.1:\d+/.test(said);
    const wasUp = isUp();
    said += part.toString('utf8');
    if (!wasUp && isUp()) child.kill('SIGINT');
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

/** The words of a line as a shell splits them: single quotes hold a word together. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

describe('the examples of docs/cli.md run as they stand', () => {
  it.each(sections().map(({ title, examples }) => [title, examples] as const))('%s', async (_title, examples) => {
    const own = await temporaryFolder('own');
    // A machine that has used the store, with its caches.
    const home = join((await unpackFixture('v10-plain-desync')).machinesDir ?? '', 'alpha');
    const env = { HOME: home, WARDROBE_INDEX: await temporaryFolder('index'), WARDROBE_CONFIG: join(own, 'config'), WARDROBE_DATA: join(own, 'data') };
    const store = await copyFixtureStore('v10-plain-desync');
    const out = join(await temporaryFolder('examples'), 'out');
    await mkdir(out);
    await writeFile(join(out, 'stores.yml'), `nas:\n    location: ${store}\n`);
    const listed = jsonLines((await wardrobe(['at', store, 'ls', '--json'], env)).out);
    const snap = String(listed.find((line) => String(line['roots']) === '/srv/team')?.['id']);
    const old = String(listed.find((line) => line['id'] !== snap)?.['id']);
    for (const { line, untilCtrlC: runs } of examples) {
      const args = words(line)
        .slice(1)
        .map((word) =>
          word
            .replace(/^STORE$/, store)
            .replace(/^SNAP\b/, snap.slice(0, 10))
            .replace(/^OLD\b/, old.slice(0, 10))
            .replace(/^OUT\b/, out),
        );
      if (runs) {
        const { code, said } = await untilCtrlC(args, env);
        expect(code, `${line}\n${said}`).toBe(0);
        continue;
      }
      const run = await wardrobe(args, env);
      expect(run.code, `${line}\n${run.err}`).toBe(0);
    }
  });

  it('every command has a section, and an example that is run here', async () => {
    const help = (await wardrobe(['--help'])).out;
    const commands = [...help.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1] as string).filter((name) => name !== 'help' && name !== 'wardrobe');
    const named = text
      .split(/^## /m)
      .slice(1)
      .flatMap((section) => (section.split('\n')[0] ?? '').split(/,? /));
    expect(commands.length).toBeGreaterThan(20);
    expect(commands.filter((name) => !named.includes(name))).toEqual([]);
    // `admin` talks to a console that runs: what it asks for is tested there.
    const run = new Set(sections().flatMap(({ examples }) => examples.flatMap(({ line }) => words(line))));
    expect(commands.filter((name) => name !== 'admin' && !run.has(name))).toEqual([]);
  });
});
