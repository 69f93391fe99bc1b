import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyFixtureStore, temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { jsonLines, wardrobe } from './run-wardrobe.js';

const text = await readFile(fileURLToPath(new URL('../../../docs/cli.md', import.meta.url)), 'utf8');

/** Sections with the lines of their `sh` blocks; blocks marked `run-by-hand` are left out. */
function sections(): { title: string; lines: string[] }[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      title: section.split('\n')[0] ?? '',
      lines: [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
        .flatMap((block) => (block[1] ?? '').split('\n'))
        .filter((line) => /^wardrobe (?:-o \S+ )?(?:at|store|pkg) /.test(line)),
    }))
    .filter(({ lines }) => lines.length > 0);
}

/** The words of a line as a shell splits them: single quotes hold a word together. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

describe('the examples of docs/cli.md run as they stand', () => {
  it.each(sections().map(({ title, lines }) => [title, lines] as const))('%s', async (_title, lines) => {
    const own = await temporaryFolder('own');
    const env = { WARDROBE_INDEX: await temporaryFolder('index'), WARDROBE_CONFIG: join(own, 'config'), WARDROBE_DATA: join(own, 'data') };
    const store = await copyFixtureStore('v10-plain-desync');
    const out = join(await temporaryFolder('examples'), 'out');
    await mkdir(out);
    await writeFile(join(out, 'stores.yml'), `nas:\n    location: ${store}\n`);
    const listed = jsonLines((await wardrobe(['at', store, 'ls', '--json'], env)).out);
    const snap = String(listed.find((line) => String(line['roots']) === '/srv/team')?.['id']);
    const old = String(listed.find((line) => line['id'] !== snap)?.['id']);
    for (const line of lines) {
      const args = words(line)
        .slice(1)
        .map((word) =>
          word
            .replace(/^STORE$/, store)
            .replace(/^SNAP\b/, snap.slice(0, 10))
            .replace(/^OLD\b/, old.slice(0, 10))
            .replace(/^OUT\b/, out),
        );
      const run = await wardrobe(args, env);
      expect(run.code, `${line}\n${run.err}`).toBe(0);
    }
  });
  it('every command has a section', async () => {
    const help = (await wardrobe(['--help'])).out;
    const commands = [...help.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1] as string).filter((name) => name !== 'help' && name !== 'wardrobe');
    const named = text
      .split(/^## /m)
      .slice(1)
      .flatMap((section) => (section.split('\n')[0] ?? '').split(/,? /));
    expect(commands.length).toBeGreaterThan(20);
    expect(commands.filter((name) => !named.includes(name))).toEqual([]);
  });
});
