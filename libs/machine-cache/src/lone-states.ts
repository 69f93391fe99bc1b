import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CacheReadError, fileFailure } from './cache-error.js';
import { openForReading, readAt } from './files.js';
import type { LoneStateReport } from './types.js';

const NAME = /^([0-9a-f]{64})\.state$/;
const MAGICS = ['_KLOSET_', '_PLAKAR_'];
const STATE_TYPE = 3;
const HEADER_BYTES = 16;
const SHORTEST_BYTES = 48;
const FILES_LIMIT = 10_000;

/**
 * The `<64 hex>.state` files of a 1.1.x cache: copies of states just pushed or being pushed, removed once merged.
 * The footer needs the store's key, so only magic, type and size are checked (`shape`).
 * Read these before `state.db`: what is merged in between then shows in the database.
 * @source 03 C4
 */
export async function readLoneStates(directory: string): Promise<LoneStateReport[]> {
  const states: LoneStateReport[] = [];
  for (const name of await names(directory)) {
    const id = NAME.exec(name)?.[1];
    if (id === undefined) continue;
    if (states.length >= FILES_LIMIT) throw new CacheReadError('unsupported', `more than ${FILES_LIMIT} lone state files`);
    const state = await readLoneState(join(directory, name), id);
    if (state !== null) states.push(state);
  }
  return states;
}

async function readLoneState(path: string, id: string): Promise<LoneStateReport | null> {
  try {
    const handle = await openForReading(path);
    try {
      const { size } = await handle.stat();
      const header = Buffer.from(await readAt(handle, 0, HEADER_BYTES));
      const shaped =
        size >= SHORTEST_BYTES && header.length === HEADER_BYTES && MAGICS.includes(header.toString('latin1', 0, 8)) && header.readUInt32LE(8) === STATE_TYPE;
      return { id, sizeBytes: size, checked: shaped ? 'shape' : 'broken' };
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Merged and removed since it was listed.
    if (error instanceof CacheReadError && error.again && error.code === 'damaged') return null;
    if (error instanceof CacheReadError && error.code === 'damaged') return { id, sizeBytes: 0, checked: 'broken' };
    throw fileFailure(error, 'a lone state file');
  }
}

async function names(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    throw fileFailure(error, 'the cache directory');
  }
}
