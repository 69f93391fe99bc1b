import { execFile, spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Passphrase of the encrypted fixtures. */
export const FIXTURE_PASSPHRASE = 'correct horse battery staple';

/** Stores left by the real plakar. The desync ones are committed; the healthy ones lie beside the repository and may be absent. */
export const COMMITTED_FIXTURES = ['v10-plain-desync', 'v10-enc-desync', 'v11-plain-desync', 'v11-enc-desync'] as const;
export const LARGER_FIXTURES = ['v10-plain-healthy', 'v10-enc-healthy', 'v11-plain-healthy', 'v11-enc-healthy'] as const;
export type FixtureName = (typeof COMMITTED_FIXTURES)[number] | (typeof LARGER_FIXTURES)[number];

export type Fixture = {
  readonly name: FixtureName;
  /** Unpacked once per process: treat as read-only, copy before damaging (`copyFixtureStore`). */
  readonly storeDir: string;
  /** Home folders of alpha, bravo and charlie; desync fixtures only. */
  readonly machinesDir: string | null;
  readonly expectedDir: string;
  /** Passphrase, or undefined for a plain store. */
  readonly passphrase: string | undefined;
};

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const RUN = process.env['WARDROBE_TEST_RUN'] === undefined ? '' : `run${process.env['WARDROBE_TEST_RUN']}-`;
const run = promisify(execFile);
const unpacked = new Map<FixtureName, Promise<Fixture>>();
const temporary: string[] = [];

/** Folder of a fixture's archives, or null when it is not on this machine. */
export function fixtureArchive(name: FixtureName): string | null {
  const places = [join(ROOT, 'fixtures', name), join(ROOT, '..', 'shared', 'fixtures', name)];
  return places.find((place) => existsSync(join(place, 'store.tar.gz'))) ?? null;
}

/** The fixtures that can be used here; says once on stderr which cannot. */
export function availableFixtures(): readonly FixtureName[] {
  const all: readonly FixtureName[] = [...COMMITTED_FIXTURES, ...LARGER_FIXTURES];
  const absent = absentFixtures();
  if (absent.length > 0) process.stderr.write(`fixtures not used because they are absent: ${absent.join(', ')}\n`);
  return all.filter((name) => !absent.includes(name));
}

export function absentFixtures(): readonly FixtureName[] {
  return [...COMMITTED_FIXTURES, ...LARGER_FIXTURES].filter((name) => fixtureArchive(name) === null);
}

/** Unpacks a fixture into a temporary folder, once per process. The folder is removed when the process ends. */
export function unpackFixture(name: FixtureName): Promise<Fixture> {
  const known = unpacked.get(name);
  if (known !== undefined) return known;
  const started = unpack(name);
  unpacked.set(name, started);
  return started;
}

/** A private copy of a fixture's store that a test may damage. Removed when the process ends. */
export async function copyFixtureStore(name: FixtureName): Promise<string> {
  const folder = await temporaryFolder('store');
  await run('tar', ['-xzf', join(archiveOrThrow(name), 'store.tar.gz'), '-C', folder]);
  return join(folder, 'store');
}

/** Lines of `expected/N-….jsonl` or the text of an `expected/*.txt`. */
export function expectedText(fixture: Fixture, file: string): Promise<string> {
  return readFile(join(fixture.expectedDir, file), 'utf8');
}

/**
 * A new folder below the system's temporary one, removed when the process ends. Its name bears the test run's number, so that the test command removes
 * what a process that was ended hard has left.
 */
export async function temporaryFolder(purpose: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `wardrobe-${RUN}${purpose}-`));
  if (temporary.length === 0) removeAtTheEnd();
  temporary.push(folder);
  return folder;
}

/** Removes one of the temporary folders before the process ends. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

async function unpack(name: FixtureName): Promise<Fixture> {
  const archive = archiveOrThrow(name);
  const folder = await temporaryFolder(name);
  const hasMachines = existsSync(join(archive, 'machines.tar.gz'));
  await run('tar', ['-xzf', join(archive, 'store.tar.gz'), '-C', folder]);
  if (hasMachines) await run('tar', ['-xzf', join(archive, 'machines.tar.gz'), '-C', folder]);
  return {
    name,
    storeDir: join(folder, 'store'),
    machinesDir: hasMachines ? join(folder, 'machines') : null,
    expectedDir: join(archive, 'expected'),
    passphrase: name.includes('-enc-') ? FIXTURE_PASSPHRASE : undefined,
  };
}

function archiveOrThrow(name: FixtureName): string {
  const archive = fixtureArchive(name);
  if (archive === null) throw new Error(`fixture ${name} is absent`);
  return archive;
}

/** A test runner ends its workers by closing their channel or by a signal, not by letting them run out. */
function removeAtTheEnd(): void {
  process.once('exit', removeTemporary);
  process.once('disconnect', removeTemporary);
  process.once('SIGTERM', () => {
    removeTemporary();
    process.exit(143);
  });
}

/** By `rm` where there is one: a restored path may be longer than a system call takes, and Node cannot remove such a tree. */
function removeTemporary(): void {
  if (process.platform !== 'win32' && temporary.length > 0 && spawnSync('rm', ['-rf', '--', ...temporary]).status === 0) return;
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
}
