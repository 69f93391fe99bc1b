import { createHash } from 'node:crypto';
import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Mac } from '@wardrobe/kloset-model';
import type { WritableStore } from '@wardrobe/store-connector';
import { contractId as idOf, wholeOf } from '@wardrobe/store-connector/contract';
import { type HttpFault, httpFaultProxy, type LineFault, lineProxy, type S3Server, seededRandom, temporaryFolder } from '@wardrobe/testing';
import type { S3Tuning } from '../src/line.js';
import { keysOf, openAt, RawBucket } from './s3-places.js';

/** What came of one operation under one fault. `data`: bytes other than those stored, which only who knows their hash can tell. */
export type Outcome = 'right' | 'line' | 'data' | 'stale';

export type Fault = {
  readonly name: string;
  readonly http?: HttpFault;
  readonly line?: LineFault;
  /** Null: until the end of the operation. */
  readonly times: number | null;
  /** Operations for which it means anything; by default all. */
  readonly only?: readonly OperationName[];
  /** What may come of it. */
  readonly allowed: readonly Outcome[];
};

export type OperationName = 'config' | 'list' | 'size' | 'read' | 'range' | 'write' | 'adopt' | 'remove';

/** A store of its own for one cell, behind proxies of its own. */
export type Cell = {
  readonly store: WritableStore;
  readonly raw: RawBucket;
  readonly prefix: string;
  readonly localFile: string;
  spoil(fault: Fault): Promise<void>;
  heal(): Promise<void>;
  close(): Promise<void>;
};

const random = seededRandom(5);
export const CONFIG = random.bytes(300);
export const PACKFILE = random.bytes(200_000);
export const NEW_PACKFILE = random.bytes(260_000);
export const STATE = random.bytes(500);
const STATES = [idOf('1'), idOf('2'), idOf('3')] as const;
export const OPERATIONS: readonly OperationName[] = ['config', 'list', 'size', 'read', 'range', 'write', 'adopt', 'remove'];
export const BUCKET = 'faults';

/**
 * Patience for faults that pass, and for those that stay. The stall time is long enough that a loaded machine is not taken for a silent line: s3rver loses
 * an object when a completion is sent again while it still works on the first.
 */
export const PASSING: Partial<S3Tuning> = {
  stallMs: 1_500,
  patienceMs: 15_000,
  firstPatienceMs: 15_000,
  baseDelayMs: 5,
  maxDelayMs: 100,
  partBytes: 100_000,
  parallelParts: 2,
};
export const STAYING: Partial<S3Tuning> = { ...PASSING, patienceMs: 800, firstPatienceMs: 800 };

let cells = 0;

export async function openCell(server: S3Server, tuning: Partial<S3Tuning>): Promise<Cell> {
  cells += 1;
  const prefix = `cell-${cells}`;
  const raw = new RawBucket(server, BUCKET);
  await raw.put(`${prefix}/CONFIG`, CONFIG);
  await raw.put(`${prefix}/packfiles/aa/${idOf('a')}`, PACKFILE);
  for (const id of STATES) await raw.put(`${prefix}/states/${id.slice(0, 2)}/${id}`, STATE);
  // s3rver keeps what came of an upload that broke off; servers of the real world do not.
  const http = await httpFaultProxy(server, { wholeRequests: true });
  const line = await lineProxy({ port: http.port });
  const store = openAt(`s3://${line.host}:${line.port}/${BUCKET}/${prefix}`, { options: keysOf(server), tuning });
  const localFile = join(await temporaryFolder('cell'), 'tmp.packfile');
  await writeFile(localFile, NEW_PACKFILE);
  http.remember(({ method, url }) => method === 'GET' && url.includes('list-type'));
  const before = openAt(`s3://${line.host}:${http.port}/${BUCKET}/${prefix}`, { options: keysOf(server) });
  await all(before.list('state'));
  await before.close();
  await raw.remove(`${prefix}/states/${STATES[2].slice(0, 2)}/${STATES[2]}`);
  return {
    store,
    raw,
    prefix,
    localFile,
    spoil: async (fault) => {
      if (fault.http !== undefined) http.fault({ fault: fault.http, times: fault.times ?? Number.POSITIVE_INFINITY });
      if (fault.line !== undefined) await line.fault(fault.line);
    },
    heal: async () => {
      // What the client has just given up is given up by the proxies before they let bytes through again.
      await wait(60);
      http.clear();
      await line.fault(null);
    },
    close: async () => {
      await store.close();
      await line.close();
      await http.close();
      await rm(localFile, { force: true });
    },
  };
}

/** Does the operation and looks at what came of it, as a caller that knows hashes would. Rejects with the store's error. */
export async function carryOut({ store, localFile }: Cell, name: OperationName, signal?: AbortSignal): Promise<Outcome> {
  const options = { signal };
  const packfile = idOf('a');
  switch (name) {
    case 'config':
      return same(await store.readConfig(options), CONFIG);
    case 'list': {
      const found = (await all(store.list('state', options))).map(({ id }) => id).sort();
      return found.join() === STATES.slice(0, 2).join() ? 'right' : found.join() === STATES.join() ? 'stale' : 'data';
    }
    case 'size':
      return (await store.sizeBytes('packfile', packfile, options)) === PACKFILE.length ? 'right' : 'data';
    case 'read':
      return same(await wholeOf(store.read('packfile', packfile, options)), PACKFILE);
    case 'range':
      return same(await store.readRange('packfile', packfile, 70_000, 90_000, options), PACKFILE.subarray(70_000, 160_000));
    case 'write':
      await store.write('state', idOf('d'), STATE, options);
      return 'right';
    case 'adopt':
      await store.adopt('packfile', idOf('e'), localFile, options);
      return 'right';
    case 'remove':
      await store.remove('state', STATES[0], options);
      return 'right';
  }
}

/** What the store must show afterwards, looked at past the proxies: nothing lost, nothing half, and what was promised. Null: as it must be. */
export async function contradiction({ raw, prefix, localFile }: Cell, name: OperationName, done: boolean): Promise<string | null> {
  const at = async (kind: string, id: Mac) => {
    const key = `${prefix}/${kind}/${id.slice(0, 2)}/${id}`;
    const found = await raw.get(key);
    if (found === null || found.length > 0) return found;
    // s3rver shows an object while it still writes it.
    await wait(300);
    return await raw.get(key);
  };
  const packfile = await at('packfiles', idOf('a'));
  if (packfile === null || !packfile.equals(PACKFILE)) return 'an object that was not touched is lost';
  if ((await at('states', STATES[1])) === null) return 'a state that was not touched is lost';
  if (name === 'write') return verdict(await at('states', idOf('d')), STATE, done);
  if (name === 'remove') return done && (await at('states', STATES[0])) !== null ? 'said to be removed, and there' : null;
  if (name !== 'adopt') return null;
  const local = await exists(localFile);
  if (local === done) return done ? 'taken over, and still here' : 'the local file is lost';
  return verdict(await at('packfiles', idOf('e')), NEW_PACKFILE, done);
}

function verdict(found: Buffer | null, expected: Uint8Array, done: boolean): string | null {
  if (found === null) return done ? 'said to be written, and not there' : null;
  return found.equals(expected) ? null : `half written: ${found.length} of ${expected.length} bytes`;
}

function same(found: Uint8Array, expected: Uint8Array): Outcome {
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  return hash(found) === hash(expected) ? 'right' : 'data';
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
