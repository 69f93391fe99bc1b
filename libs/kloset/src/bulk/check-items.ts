import { byteName, isAtOrBelow, type Mac } from '@wardrobe/kloset-model';
import type { Tree } from '../btree/tree.js';
import { begunAhead, inParts } from '../repository/parallel.js';
import type { SnapshotContext } from '../snapshot/context.js';
import { type ItemFailure, type ItemScan, scanErrors, scanXattrs, type Xattr } from '../snapshot/items.js';
import type { CheckProblem } from '../snapshot/types.js';
import type { ScannedTree } from './check-ahead.js';
import type { CheckRun } from './check-run.js';
import { aheadIn, asProblem, wholeTree } from './check-trees.js';

/** Attributes whose values are proven together. */
const ITEMS_TOGETHER = 128;
/** Reads that are under way while the items of one are told of. */
const READS_AHEAD_OVER_LINE = 2;

/** Attributes with their values, and the tree of errors: what is to be looked for in each. */
export function itemSearches(context: SnapshotContext, path: Uint8Array | null): readonly ((run: CheckRun) => AsyncIterable<CheckProblem>)[] {
  const snapshot = context.header.id;
  const { xattrs, errors } = context.header.roots;
  const isPartial = path !== null;
  // Empty trees of all kinds have one and the same root MAC: the kind belongs to what is remembered.
  return [
    (run) =>
      wholeTree(run, { id: kindOf(xattrs, 1), isPartial }, asProblem({ snapshot, path: null, what: 'xattr', id: xattrs }, checkXattrs(run, context, path))),
    (run) =>
      wholeTree(run, { id: kindOf(errors, 2), isPartial }, asProblem({ snapshot, path: null, what: 'errors', id: errors }, checkErrors(run, context, path))),
  ];
}

function kindOf(id: Mac, kind: number): Mac {
  return `${kind.toString(16)}${id.slice(1)}` as Mac;
}

async function* checkXattrs(run: CheckRun, context: SnapshotContext, path: Uint8Array | null): AsyncGenerator<CheckProblem> {
  const snapshot = context.header.id;
  const prepared = async (part: readonly (Xattr | ItemFailure)[]): Promise<typeof part> => {
    await run.objects.prepare(part.flatMap((item) => ('error' in item || !isWanted(item.path.bytes, path) ? [] : [item.object])));
    return part;
  };
  for await (const part of begunAhead(
    inParts(
      scannedItems(run, (scan) => scanXattrs(context, scan)),
      ITEMS_TOGETHER,
    ),
    readsAhead(run),
    prepared,
  ))
    for (const item of part) {
      if ('error' in item) {
        if (isWanted(item.key, path)) yield failed(context, 'xattr', item);
        continue;
      }
      if (!isWanted(item.path.bytes, path)) continue;
      for (const finding of await run.objects.check(item.object)) yield { snapshot, path: item.path, ...finding };
    }
}

async function* checkErrors(run: CheckRun, context: SnapshotContext, path: Uint8Array | null): AsyncGenerator<CheckProblem> {
  for await (const item of scannedItems(run, (scan) => scanErrors(context, scan))) {
    if ('error' in item && isWanted(item.key, path)) yield failed(context, 'errors', item);
  }
}

/** Items of a tree whose nodes are read ahead. Leaves nothing under way. */
async function* scannedItems<T>(run: CheckRun, items: (scan: ItemScan) => AsyncIterable<T>): AsyncGenerator<T> {
  const trees: ScannedTree[] = [];
  const scan = (tree: Tree, type: number): Tree => {
    const ahead = aheadIn(run, tree, { type });
    trees.push(ahead);
    return ahead;
  };
  try {
    yield* items({ scan, ahead: readsAhead(run), signal: run.options.signal });
  } finally {
    for (const tree of trees) await tree.settled();
  }
}

function readsAhead({ isOverLine }: CheckRun): number {
  return isOverLine ? READS_AHEAD_OVER_LINE : 0;
}

function failed(context: SnapshotContext, what: 'xattr' | 'errors', item: ItemFailure): CheckProblem {
  return { snapshot: context.header.id, path: item.key === null ? null : byteName(item.key), what, id: item.id, error: item.error };
}

/** A key that is not known may lie anywhere. */
function isWanted(key: Uint8Array | null, path: Uint8Array | null): boolean {
  return key === null || path === null || isAtOrBelow(key, path);
}
