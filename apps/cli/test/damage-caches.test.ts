import { readMachineCaches } from '@wardrobe/machine-cache';
import { cp, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  applyDamage,
  COMMITTED_FIXTURES,
  copyFixtureStore,
  type Damage,
  damageName,
  type FixtureName,
  removeFolder,
  seededRandom,
  temporaryFolder,
  TRUNCATIONS,
  unpackFixture,
} from '@wardrobe/testing';
import { describe, expect, it, vi } from 'vitest';
import { runHere } from './damage/run-here.js';

vi.mock('@wardrobe/kernel', async (original) => (await import('./damage/memo-kernel.js')).memoisedKernel(await original()));

const SEED = Number(process.env['WARDROBE_SEED'] ?? 20_261_123);
const ROUNDS = process.env['WARDROBE_TEST_LONG'] === '1' ? 20 : 2;
const DAMAGES: readonly Damage[] = [
  { kind: 'one bit' },
  { kind: '8 bytes' },
  { kind: 'zeroed' },
  ...TRUNCATIONS.map((to): Damage => ({ kind: 'truncated', to })),
  { kind: 'deleted' },
  { kind: 'overwritten by another' },
  { kind: 'from another store' },
];

type Tally = { told: number; harmless: number; earlier: number };
type Sighting = { readonly repositoryId: string; readonly digest: string; readonly shown: readonly { readonly snapshot: string }[] };

/** What a cache says, read as the agent does, but without its pauses between attempts. */
async function report(home: string): Promise<{ readonly err: string; readonly sightings: readonly Sighting[] }> {
  const options = { directories: [join(home, '.cache')], nowMs: Date.parse('2026-11-24T00:00:00Z'), attempts: 2, wait: () => Promise.resolve() };
  const { sightings, failures } = await readMachineCaches(options);
  return { sightings, err: failures.map((failure) => failure.message).join('\n') };
}

function essence(sightings: readonly Sighting[]): string {
  return JSON.stringify(sightings.map(({ repositoryId, digest, shown }) => [repositoryId, digest, shown.map(({ snapshot }) => snapshot).sort()]));
}

async function cacheFiles(home: string): Promise<string[]> {
  const entries = await readdir(join(home, '.cache'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\/(repository|store)\/[0-9a-f-]{36}$/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The newest writes: a log that ends cleanly at an earlier place is one that was never written further. */
const LOGS = /\.log$|-wal$/;

function other(name: FixtureName): FixtureName {
  return COMMITTED_FIXTURES.find((fixture) => fixture !== name && fixture.slice(0, 3) === name.slice(0, 3)) as FixtureName;
}

/** Whether what is shown is a part of what was: an earlier moment of the same cache. */
function isEarlier(before: readonly Sighting[], after: readonly Sighting[]): boolean {
  const shown = new Set(before.flatMap((sighting) => sighting.shown.map(({ snapshot }) => snapshot)));
  return after.every((sighting) => sighting.shown.every(({ snapshot }) => shown.has(snapshot)));
}

describe.each(COMMITTED_FIXTURES)("machines' caches of %s", (name) => {
  it.each(['alpha', 'charlie'])(
    '%s: the same sighting, a failure that is told, or of a log cut short or exchanged another moment',
    { timeout: 300_000 },
    async (machine) => {
      const random = seededRandom(SEED);
      const home = join(await temporaryFolder('home'), machine);
      await cp(join((await unpackFixture(name)).machinesDir ?? '', machine), home, { recursive: true, preserveTimestamps: true });
      const sound = await report(home);
      expect(sound.sightings.length).toBeGreaterThan(0);
      const strangeHome = join((await unpackFixture(other(name))).machinesDir ?? '', machine);
      const foreign = await cacheFiles(strangeHome);
      const files = await cacheFiles(home);
      const rows = new Map<string, Tally>();
      const wrong: string[] = [];
      for (const path of files) {
        for (const damage of DAMAGES) {
          for (let round = 0; round < (damage.kind === 'one bit' || damage.kind === '8 bytes' ? ROUNDS : 1); round += 1) {
            const kind = basename(path).replace(/\d{3,}/g, 'N');
            const undo = await applyDamage(
              damage,
              {
                path,
                other: files.find((file) => file !== path && /\.\w+$/.exec(file)?.[0] === /\.\w+$/.exec(path)?.[0]),
                foreign: foreign.find((file) => basename(file) === basename(path)),
              },
              random,
            );
            if (undo === null) continue;
            const found = await report(home).finally(undo);
            const row = rows.get(kind) ?? { told: 0, harmless: 0, earlier: 0 };
            rows.set(kind, row);
            if (found.err !== sound.err) row.told += 1;
            else if (essence(found.sightings) === essence(sound.sightings)) row.harmless += 1;
            else if (LOGS.test(path) && isEarlier(sound.sightings, found.sightings)) row.earlier += 1;
            // A sound log or database of another store: nothing inside names its store. Its snapshots show as lost in the divergence.
            else if (damage.kind === 'from another store' && (LOGS.test(path) || basename(path) === 'state.db')) row.earlier += 1;
            else wrong.push(`${kind}, ${damageName(damage)}: another sighting without a word`);
          }
        }
      }
      const lines = [...rows].map(
        ([kind, row]) =>
          `  ${kind.padEnd(34)} told ${String(row.told).padStart(3)}  harmless ${String(row.harmless).padStart(3)}  another moment ${row.earlier}  wrong 0`,
      );
      process.stdout.write(`\ncaches of ${machine}, ${name}, seed ${SEED}: ${wrong.length} wrong\n${lines.join('\n')}\n`);
      expect(wrong.join('\n')).toBe('');
    },
  );
});

describe("Wardrobe's own index", () => {
  it.each(['v10-plain-desync', 'v11-enc-desync'] as const)(
    '%s: whatever happens to its files, the answers stay the same',
    { timeout: 300_000 },
    async (name) => {
      const random = seededRandom(SEED);
      const directory = await copyFixtureStore(name);
      const { passphrase } = await unpackFixture(name);
      const indexDirectory = await temporaryFolder('index');
      const list = (from: string) => runHere(['at', directory, 'ls', '--json', '--deleted'], { passphrase, indexDirectory: from });
      const sound = await list(indexDirectory);
      expect(sound.code).toBe(0);
      const entries = await readdir(indexDirectory, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      expect(files.length).toBeGreaterThan(1);
      let cells = 0;
      for (const file of files) {
        for (const damage of DAMAGES) {
          const copy = await temporaryFolder('index-copy');
          await cp(indexDirectory, copy, { recursive: true, preserveTimestamps: true });
          const undo = await applyDamage(
            damage,
            { path: join(copy, file.slice(indexDirectory.length + 1)), foreign: await garbage(), other: undefined },
            random,
          );
          if (undo === null) continue;
          const found = await list(copy);
          expect([found.code, found.out], `${file}, ${damageName(damage)}: ${found.err}`).toEqual([sound.code, sound.out]);
          expect(found.err).not.toMatch(/fault in wardrobe/);
          cells += 1;
          await removeFolder(copy);
        }
      }
      process.stdout.write(`\nown index of ${name}, seed ${SEED}: ${cells} cells harmless, 0 wrong\n`);
    },
  );
});

async function garbage(): Promise<string> {
  const path = join(await temporaryFolder('garbage'), 'file');
  await writeFile(path, seededRandom(SEED).bytes(5000));
  return path;
}
