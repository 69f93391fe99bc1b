import type { Mac } from '@wardrobe/kloset-model';
import { scanTree } from '../btree/scan.js';
import { KlosetError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import type { SnapshotContext } from '../snapshot/context.js';
import type { CheckRun } from './check-run.js';
import { aheadIn } from './check-trees.js';
import { type KnownLeaves, TREE_START } from './known-leaves.js';

/** Leaves on both sides of what is new are read as well, so that the directories that begin or end there can be told. */
const MARGIN = 4;
/** After so many new leaves, if they are most of what was met, the tree is taken for another one. */
const NEW_LEAVES = 256;
/** Stands for a leaf that is not known. */
export const UNKNOWN_LEAF = -3;

/** Leaves of one tree that need not be read, by their numbers. */
export type PassedLeaves = { has(leaf: number): boolean };

/**
 * Which leaves of a tree an earlier snapshot answers for: all their entries were found fine, and so were the order of their keys and those of their neighbours.
 * Reads what lies above the leaves, and leaves that are not known. Null: the whole tree is to be read, which says what is wrong with it.
 */
export async function leavesToPass(run: CheckRun, context: SnapshotContext, leaves: KnownLeaves): Promise<PassedLeaves | null> {
  if (leaves.count === 0) return null;
  const order: number[] = [];
  const enter = (id: Mac): boolean => {
    const leaf = leaves.fine(id);
    if (leaf >= 0) order.push(leaf);
    return leaf < 0;
  };
  const tree = aheadIn(run, await context.files(), { type: SNAPSHOT_BLOB.vfsNode, isRead: (id) => leaves.fine(id) < 0 });
  let isNewNode = false;
  let newLeaves = 0;
  const onNode = (): void => {
    isNewNode = true;
  };
  try {
    for await (const item of scanTree(tree, { signal: run.options.signal, enter, onNode })) {
      if ('error' in item) return null;
      if (!isNewNode) continue;
      isNewNode = false;
      newLeaves += 1;
      order.push(UNKNOWN_LEAF);
      if (newLeaves > NEW_LEAVES && 2 * newLeaves > order.length) return null;
    }
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    return null;
  } finally {
    await tree.settled();
  }
  return passedLeaves(order, leaves);
}

/** `order`: the leaves of a tree, or UNKNOWN_LEAF. Null where little is gained. */
export function passedLeaves(order: readonly number[], leaves: KnownLeaves): PassedLeaves | null {
  const isRead = new Uint8Array(order.length);
  for (const [place, leaf] of order.entries()) {
    const before = place === 0 ? TREE_START : (order[place - 1] as number);
    if (leaf === UNKNOWN_LEAF || !leaves.follows(leaf, before)) isRead.fill(1, Math.max(0, place - MARGIN), place + MARGIN);
  }
  const passes = new Uint8Array(leaves.count);
  let count = 0;
  for (const [place, leaf] of order.entries()) {
    if (isRead[place] === 1) continue;
    if (passes[leaf] === 1) return null;
    passes[leaf] = 1;
    count += 1;
  }
  return 2 * count < order.length ? null : { has: (leaf) => passes[leaf] === 1 };
}
