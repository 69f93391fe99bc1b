import { cp, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyFixtureStore, type FixtureName, temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { type HereRun, runHere } from './run-here.js';
import { mapStore, type StoreMap } from './store-map.js';

/** A private copy of a fixture's store with everything that its commands print while it is sound. */
export type SoundStore = {
  readonly name: FixtureName;
  readonly directory: string;
  readonly passphrase: string | undefined;
  readonly map: StoreMap;
  /** Index folder that was filled while the store was sound. */
  readonly warmIndex: string;
  readonly reports: readonly string[];
  /** Plain files of each snapshot in the order of its listing, with their bytes. */
  readonly files: ReadonlyMap<string, ReadonlyMap<string, Buffer>>;
  run(args: readonly string[], indexDirectory?: string): Promise<HereRun>;
  /** What a command printed when the store was sound; run once. */
  baseline(args: readonly string[]): Promise<HereRun>;
};

const MACHINES = ['alpha', 'bravo', 'charlie'];

export async function soundStore(name: FixtureName): Promise<SoundStore> {
  const directory = await copyFixtureStore(name);
  const { passphrase, machinesDir } = await unpackFixture(name);
  await roundTimes(directory);
  const warmIndex = await temporaryFolder('warm');
  const known = new Map<string, HereRun>();
  const run = (args: readonly string[], indexDirectory = warmIndex) => runHere(['at', directory, ...args], { passphrase, indexDirectory });
  const map = await mapStore(directory, passphrase);
  const store: Omit<SoundStore, 'files'> = {
    name,
    directory,
    passphrase,
    map,
    warmIndex,
    reports: machinesDir === null ? [] : await makeReports(machinesDir),
    run,
    async baseline(args) {
      const key = args.join('\0');
      const before = known.get(key);
      if (before !== undefined) return before;
      const found = await run(args);
      known.set(key, found);
      if (found.code !== 0) throw new Error(`${name}: ${args.join(' ')} ended with ${found.code} on a sound store: ${found.err}`);
      return found;
    },
  };
  return { ...store, files: await readFiles(store) };
}

/** Whole seconds, so that a file can be given its old time back exactly. */
async function roundTimes(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const seconds = Math.floor((await stat(path)).mtimeMs / 1000);
    await utimes(path, seconds, seconds);
  }
}

async function makeReports(machinesDir: string): Promise<string[]> {
  const folder = await temporaryFolder('reports');
  const files: string[] = [];
  for (const machine of MACHINES) {
    const configDirectory = join(folder, machine);
    await mkdir(configDirectory);
    const file = join(folder, `${machine}.json`);
    const made = await runHere(['agent', 'once', '--cache', join(machinesDir, machine, '.cache'), '--name', machine, '--output', file], { configDirectory });
    if (made.code !== 0) throw new Error(made.err);
    files.push(file);
  }
  return files;
}

/** Restores each snapshot while everything is sound: what later runs are compared with. */
async function readFiles(store: Omit<SoundStore, 'files'>): Promise<ReadonlyMap<string, ReadonlyMap<string, Buffer>>> {
  const all = new Map<string, ReadonlyMap<string, Buffer>>();
  for (const { id, flags } of snapshotsOf(store.map)) {
    const to = join(await temporaryFolder('sound'), 'out');
    await store.baseline(['restore', '--to', to, ...flags, id]);
    all.set(id, await readTree(to));
  }
  return all;
}

export function snapshotsOf(map: StoreMap): { readonly id: string; readonly flags: readonly string[] }[] {
  return [
    ...map.live.map((id) => ({ id, flags: [] })),
    ...map.deleted.map((id) => ({ id, flags: ['--deleted'] })),
    ...map.hidden.map((id) => ({ id, flags: ['--hidden'] })),
  ];
}

/** Regular files of a folder by their path as percent-encoded text (names are bytes). */
export async function readTree(root: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const pending: Buffer[] = [Buffer.from(root)];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
      const path = Buffer.concat([folder, Buffer.from('/'), entry.name]);
      if (entry.isDirectory()) pending.push(path);
      if (entry.isFile()) files.set(encodePath(path.subarray(Buffer.byteLength(root) + 1)), await readFile(path));
    }
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function encodePath(path: Buffer): string {
  return [...path]
    .map((byte) => (byte > 0x20 && byte < 0x7f && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`))
    .join('');
}

/** A private copy of the index as it was when the store was sound, or an empty folder. */
export async function indexFor(store: SoundStore, kind: 'cold' | 'warm'): Promise<string> {
  const folder = await temporaryFolder('index');
  if (kind === 'warm') await cp(store.warmIndex, folder, { recursive: true, preserveTimestamps: true });
  return folder;
}

/** For files that a test makes beside a store. */
export async function writeBeside(folder: string, name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}
