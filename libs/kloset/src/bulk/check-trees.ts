import type { Mac } from '@wardrobe/kloset-model';
import type { Tree } from '../btree/tree.js';
import { KlosetError } from '../errors/errors.js';
import type { CheckProblem } from '../snapshot/types.js';
import { type ScannedTree, scannedAhead } from './check-ahead.js';
import type { CheckRun } from './check-run.js';

/** Runs the check of a tree unless the same root was proven before; remembers it when nothing was found. */
export async function* wholeTree(
  run: CheckRun,
  root: { readonly id: Mac; readonly isPartial: boolean },
  problems: AsyncIterable<CheckProblem>,
): AsyncGenerator<CheckProblem> {
  if (run.roots.has(root.id)) return;
  let isGood = !root.isPartial;
  for await (const problem of problems) {
    isGood = false;
    yield problem;
  }
  if (isGood) run.roots.add(root.id);
}

/** A failure to open or go on with a tree is one problem of the snapshot. */
export async function* asProblem(problem: Omit<CheckProblem, 'error'>, problems: AsyncIterable<CheckProblem>): AsyncGenerator<CheckProblem> {
  try {
    yield* problems;
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    yield { ...problem, error };
  }
}

/** A tree for one scan from end to end, whose nodes are blobs of `type`; `isRead`: of nodes that the scan will enter. Default: all. */
export function aheadIn(
  { source, options, nodesAhead }: CheckRun,
  tree: Tree,
  { type, isRead }: { readonly type: number; readonly isRead?: (id: Mac) => boolean },
): ScannedTree {
  return scannedAhead(tree, source, { type, isRead, ahead: nodesAhead, signal: options.signal });
}
