import { byteName, isAtOrBelow, type Mac } from '@wardrobe/kloset-model';
import type { SnapshotContext } from '../snapshot/context.js';
import { type ItemFailure, scanErrors, scanXattrs } from '../snapshot/items.js';
import type { CheckProblem } from '../snapshot/types.js';
import type { CheckRun } from './check-run.js';
import { asProblem, wholeTree } from './check-trees.js';

/** Attributes with their values, and the tree of errors. */
export async function* checkItems(run: CheckRun, context: SnapshotContext, path: Uint8Array | null): AsyncGenerator<CheckProblem> {
  const snapshot = context.header.id;
  const { xattrs, errors } = context.header.roots;
  const isPartial = path !== null;
  // Empty trees of all kinds have one and the same root MAC: the kind belongs to what is remembered.
  yield* wholeTree(run, { id: kindOf(xattrs, 1), isPartial }, asProblem({ snapshot, path: null, what: 'xattr', id: xattrs }, checkXattrs(run, context, path)));
  yield* wholeTree(run, { id: kindOf(errors, 2), isPartial }, asProblem({ snapshot, path: null, what: 'errors', id: errors }, checkErrors(run, context, path)));
}

function kindOf(id: Mac, kind: number): Mac {
  return `${kind.toString(16)}${id.slice(1)}` as Mac;
}

async function* checkXattrs(run: CheckRun, context: SnapshotContext, path: Uint8Array | null): AsyncGenerator<CheckProblem> {
  const snapshot = context.header.id;
  for await (const item of scanXattrs(context, { signal: run.options.signal })) {
    if ('error' in item) {
      if (isWanted(item.key, path)) yield failed(context, 'xattr', item);
      continue;
    }
    if (!isWanted(item.path.bytes, path)) continue;
    for (const finding of await run.objects.check(item.object)) yield { snapshot, path: item.path, ...finding };
  }
}

async function* checkErrors(run: CheckRun, context: SnapshotContext, path: Uint8Array | null): AsyncGenerator<CheckProblem> {
  for await (const item of scanErrors(context, { signal: run.options.signal })) {
    if ('error' in item && isWanted(item.key, path)) yield failed(context, 'errors', item);
  }
}

function failed(context: SnapshotContext, what: 'xattr' | 'errors', item: ItemFailure): CheckProblem {
  return { snapshot: context.header.id, path: item.key === null ? null : byteName(item.key), what, id: item.id, error: item.error };
}

/** A key that is not known may lie anywhere. */
function isWanted(key: Uint8Array | null, path: Uint8Array | null): boolean {
  return key === null || path === null || isAtOrBelow(key, path);
}
