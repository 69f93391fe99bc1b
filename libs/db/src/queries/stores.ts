import type { Db } from '../db.js';
import type { Prisma, Store } from '../generated/client.js';
import type { Json, KeyKept, NewStore, StoreChange, StoreRow } from '../types.js';
import { jsonOf, jsonOrNull } from './json.js';

export async function listStores(db: Db): Promise<StoreRow[]> {
  const rows = await db.prisma.store.findMany({ orderBy: [{ name: 'asc' }, { id: 'asc' }] });
  return rows.map(toStore);
}

export async function getStore(db: Db, storeId: string): Promise<StoreRow | null> {
  const row = await db.prisma.store.findUnique({ where: { id: BigInt(storeId) } });
  return row === null ? null : toStore(row);
}

/** Every store with this repository id: a copied store bears the id of its original. */
export async function storesOfRepository(db: Db, repositoryId: string): Promise<StoreRow[]> {
  const rows = await db.prisma.store.findMany({ where: { repositoryId }, orderBy: { id: 'asc' } });
  return rows.map(toStore);
}

export async function createStore(db: Db, store: NewStore): Promise<StoreRow> {
  const { sealedKey, sealedOptions, ...plain } = store;
  return toStore(await db.prisma.store.create({ data: { ...plain, sealedKey: copyOf(sealedKey ?? null), sealedOptions: copyOf(sealedOptions ?? null) } }));
}

/** Sets the named columns; `revision` rises when what a page shows may have changed. */
export async function updateStore(db: Db, storeId: string, change: StoreChange): Promise<StoreRow> {
  const { problem, facts, sealedKey, sealedOptions, logicalBytes, ...plain } = change;
  const data: Prisma.StoreUpdateInput = { ...plain, revision: { increment: 1n } };
  if (problem !== undefined) data.problem = jsonOrNull(problem);
  if (facts !== undefined) data.facts = jsonOf(facts);
  if (sealedKey !== undefined) data.sealedKey = copyOf(sealedKey);
  if (sealedOptions !== undefined) data.sealedOptions = copyOf(sealedOptions);
  if (logicalBytes !== undefined) data.logicalBytes = logicalBytes === null ? null : BigInt(logicalBytes);
  return toStore(await db.prisma.store.update({ where: { id: BigInt(storeId) }, data }));
}

/** Removes the store and every row about it (snapshots, states, sightings, history, jobs). The store itself is not touched. */
export async function removeStore(db: Db, storeId: string): Promise<boolean> {
  const { count } = await db.prisma.store.deleteMany({ where: { id: BigInt(storeId) } });
  return count > 0;
}

/** Cheap test whether a cached page is still good. */
export async function storeRevision(db: Db, storeId: string): Promise<string | null> {
  const row = await db.prisma.store.findUnique({ where: { id: BigInt(storeId) }, select: { revision: true } });
  return row === null ? null : row.revision.toString();
}

function copyOf(bytes: Uint8Array | null): Uint8Array<ArrayBuffer> | null {
  return bytes === null ? null : new Uint8Array(bytes);
}

function toStore(row: Store): StoreRow {
  return {
    ...row,
    id: row.id.toString(),
    keyKept: row.keyKept as KeyKept,
    problem: row.problem as Json,
    facts: row.facts as Json,
    logicalBytes: row.logicalBytes === null ? null : Number(row.logicalBytes),
    revision: row.revision.toString(),
    columnsRevision: row.columnsRevision.toString(),
  };
}
