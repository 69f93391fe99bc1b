import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackFixture } from '@wardrobe/testing';
import type { SqliteDatabase } from '../src/sqlite/engine.js';

export const DESYNC = ['v10-plain-desync', 'v10-enc-desync', 'v11-plain-desync', 'v11-enc-desync'] as const;
export type DesyncName = (typeof DESYNC)[number];
export const MACHINES = ['alpha', 'bravo', 'charlie'] as const;
export type MachineName = (typeof MACHINES)[number];

/** Snapshots 1 to 4 by first eight digits, and the state of the removal. @source 03 D */
export const SNAPSHOTS: Record<DesyncName, readonly [string, string, string, string]> = {
  'v10-plain-desync': ['503ede2c', 'cead9474', 'd9a92e06', '88144fd5'],
  'v10-enc-desync': ['978f8ba0', '1d5c89d4', '673824c9', '58288147'],
  'v11-plain-desync': ['dbcd3df7', 'c47f60e4', '28b13e2a', '23d9a1da'],
  'v11-enc-desync': ['ae3ef537', 'e8d86560', '8cb22dc1', 'a82a6894'],
};
export const REMOVAL_STATE: Record<DesyncName, string> = {
  'v10-plain-desync': '79f8dbcd',
  'v10-enc-desync': '317117e2',
  'v11-plain-desync': '8b212618',
  'v11-enc-desync': 'b7c78d78',
};

/** Every random test of this library starts from it; printed, so that a failure can be repeated with `WARDROBE_SEED`. */
export const SEED = Number(process.env['WARDROBE_SEED'] ?? 20261123);

export function printSeed(test: string): void {
  process.stderr.write(`machine-cache ${test}: seed ${SEED}\n`);
}

export async function machineHome(name: DesyncName, machine: MachineName): Promise<string> {
  const { machinesDir } = await unpackFixture(name);
  if (machinesDir === null) throw new Error(`${name} has no machines`);
  return join(machinesDir, machine);
}

/** `repository/<uuid>` or `store/<uuid>` of a machine's one store, below a home folder. */
export async function cacheDirectory(home: string, line: '1.0' | '1.1', kind: 'repository' | 'store'): Promise<string> {
  const parent = join(home, '.cache', line === '1.0' ? 'plakar-agentless' : 'plakar', '2.0.0', kind);
  const [uuid] = await readdir(parent);
  if (uuid === undefined) throw new Error(`no cache in ${parent}`);
  return join(parent, uuid);
}

/** First 16 hex digits of SHA-256 over the live keys in byte order, each as `hex(key) space hex(value) newline`. */
export function digestOfKeys(keys: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256');
  for (const [key, value] of keys) hash.update(`${Buffer.from(key, 'latin1').toString('hex')} ${Buffer.from(value).toString('hex')}\n`);
  return hash.digest('hex').slice(0, 16);
}

/** First 16 hex digits of SHA-256 over the sorted rows of the four tables. */
export function digestOfRows(database: SqliteDatabase): string {
  const columns = { states: ['mac'], packfiles: ['mac'], deltas: ['type', 'mac', 'packfile'], deleteds: ['type', 'mac'] };
  const lines = Object.entries(columns).flatMap(([table, names]) =>
    [...database.rows(`SELECT ${names.join(', ')}, lower(hex(payload)) AS payload FROM ${table}`)].map(
      (row) => `${[table, ...names.map((name) => String(row[name])), String(row['payload'])].join(' ')}\n`,
    ),
  );
  return createHash('sha256').update(lines.sort().join('')).digest('hex').slice(0, 16);
}

export function short(ids: readonly string[]): string[] {
  return ids.map((id) => id.slice(0, 8)).sort();
}
