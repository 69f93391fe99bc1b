import { readFileSync } from 'node:fs';
import { errnoOf } from '../local-error.js';

/** Names of users and groups by id; empty when the system does not know them. */
export type AccountNames = { user(uid: bigint): Uint8Array; group(gid: bigint): Uint8Array };

const NOBODY = new Uint8Array(0);

/** From the system's own databases, read once. A system without them (or where they cannot be read) knows no names. */
export function systemAccounts(files: { readonly users?: string; readonly groups?: string } = {}): AccountNames {
  const users = readDatabase(files.users ?? '/etc/passwd');
  const groups = readDatabase(files.groups ?? '/etc/group');
  return { user: (uid) => users.get(uid) ?? NOBODY, group: (gid) => groups.get(gid) ?? NOBODY };
}

/** `name:password:id:…` a line; the first line of an id counts. */
function readDatabase(path: string): ReadonlyMap<bigint, Uint8Array> {
  const names = new Map<bigint, Uint8Array>();
  for (const line of readLines(path)) {
    const [name, , id] = line.split(':');
    if (name === undefined || name === '' || id === undefined || !/^\d{1,20}$/.test(id)) continue;
    const number = BigInt(id);
    if (!names.has(number)) names.set(number, new Uint8Array(Buffer.from(name, 'latin1')));
  }
  return names;
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n');
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return [];
  }
}
