import type { Mac } from '@wardrobe/kloset-model';
import { IntegrityError, KlosetError } from '../errors/errors.js';
import { checkNode, isLeaf, MAX_DEPTH, lowerIndex, type ReadNodeOptions, type Tree, type TreeNode } from './tree.js';

export type TreeItem = { readonly key: Uint8Array; readonly value: Mac };
/** A node that cannot be read: its keys are unknown, they lie from `from` (null: the start) up to before `to` (null: the end). */
export type TreeGap = { readonly node: Mac; readonly error: KlosetError; readonly from: Uint8Array | null; readonly to: Uint8Array | null };

export type ScanOptions = ReadNodeOptions & {
  /** First key wanted; default the leftmost. Needs a tree with an order. */
  readonly from?: Uint8Array | undefined;
  /** Told of every node before its content is used, gaps included. */
  readonly onNode?: ((id: Mac) => void) | undefined;
  /** Returns false for subtrees to leave out, e.g. those proven before. */
  readonly enter?: ((id: Mac) => boolean) | undefined;
};

type Bounds = { readonly from: Uint8Array | null; readonly to: Uint8Array | null };
type Pending = { readonly id: Mac; readonly depth: number; readonly bounds: Bounds /** Descend to the start key. */; readonly seek: boolean };
type Frame = { readonly pending: Pending[] };

/**
 * Items in key order from `from` on. Walks down from the root and never follows `next`, so that a damaged leaf is one gap and not the end.
 * Ends on cyclic trees too: keys must grow (with an order), and no node may come twice (without one).
 */
export async function* scanTree(tree: Tree, options: ScanOptions = {}): AsyncGenerator<TreeItem | TreeGap> {
  const guard = progressGuard(tree);
  const stack: Frame[] = [{ pending: [{ id: tree.root, depth: 0, bounds: { from: null, to: null }, seek: options.from !== undefined }] }];
  for (;;) {
    const next = takeNext(stack);
    if (next === null) return;
    options.signal?.throwIfAborted();
    if (options.enter !== undefined && !options.enter(next.id)) continue;
    guard.before(next.id);
    options.onNode?.(next.id);
    const read = await readNode(tree, next, options);
    if (read.node === null) {
      yield { node: next.id, error: read.error, ...next.bounds };
      continue;
    }
    guard.after(next, read.node);
    if (isLeaf(read.node)) yield* leafItems(tree, read.node, next.seek ? options.from : undefined);
    else stack.push({ pending: children(tree, read.node, { parent: next, from: options.from }) });
  }
}

/** The same items; the first gap is thrown. */
export async function* scanItems(tree: Tree, options: ScanOptions = {}): AsyncGenerator<TreeItem> {
  for await (const item of scanTree(tree, options)) {
    if ('error' in item) throw item.error;
    yield item;
  }
}

function takeNext(stack: Frame[]): Pending | null {
  for (;;) {
    const top = stack.at(-1);
    if (top === undefined) return null;
    const next = top.pending.pop();
    if (next !== undefined) return next;
    stack.pop();
  }
}

async function readNode(
  tree: Tree,
  pending: Pending,
  options: ReadNodeOptions,
): Promise<{ readonly node: TreeNode } | { readonly node: null; readonly error: KlosetError }> {
  // Not a gap: going on beside a bottomless path would never end.
  if (pending.depth > MAX_DEPTH) throw new IntegrityError(`${tree.what} node ${pending.id}`, `lies deeper than ${MAX_DEPTH} levels`, { kind: tree.what });
  try {
    const node = await tree.nodes.get(pending.id, options);
    checkNode(tree, node, pending);
    return { node };
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    return { node: null, error };
  }
}

function* leafItems(tree: Tree, node: TreeNode, from: Uint8Array | undefined): Generator<TreeItem> {
  const start = from === undefined || tree.order === null ? 0 : lowerIndex(node.keys, from, { order: tree.order, after: false });
  for (let i = start; i < node.keys.length; i++) yield { key: node.keys[i] as Uint8Array, value: node.values[i] as Mac };
}

/** Children still to visit, last first, so that `pop` gives them in order. */
function children(tree: Tree, node: TreeNode, context: { readonly parent: Pending; readonly from: Uint8Array | undefined }): Pending[] {
  const { parent, from } = context;
  const first = parent.seek && from !== undefined && tree.order !== null ? lowerIndex(node.keys, from, { order: tree.order, after: true }) : 0;
  const pending: Pending[] = [];
  for (let i = node.pointers.length - 1; i >= first; i--) {
    const bounds = { from: node.keys[i - 1] ?? parent.bounds.from, to: node.keys[i] ?? parent.bounds.to };
    pending.push({ id: node.pointers[i] as Mac, depth: parent.depth + 1, bounds, seek: parent.seek && i === first });
  }
  return pending;
}

/**
 * Refuses a tree in which a scan would not get ahead: leaves whose keys do not grow, inner nodes outside the range their parent gives them
 * (one node could else stand below many parents), and, where no order is known, any node met twice.
 */
function progressGuard(tree: Tree): { before(id: Mac): void; after(pending: Pending, node: TreeNode): void } {
  const { order } = tree;
  let last: Uint8Array | null = null;
  const seen = new Set<Mac>();
  const fail = (id: Mac, detail: string): never => {
    throw new IntegrityError(`${tree.what} node ${id}`, detail, { kind: tree.what });
  };
  return {
    before(id) {
      if (order !== null) return;
      if (seen.has(id)) fail(id, 'is met twice: the tree is cyclic');
      seen.add(id);
    },
    after(pending, node) {
      const first = node.keys[0];
      const final = node.keys.at(-1);
      if (order === null || first === undefined || final === undefined) return;
      const { from, to } = pending.bounds;
      if (isLeaf(node)) {
        if (last !== null && order(last, first) >= 0) fail(pending.id, 'its keys do not follow those before it');
        last = final;
      } else if ((from !== null && order(from, first) > 0) || (to !== null && order(final, to) >= 0))
        fail(pending.id, 'its keys lie outside the range of its parent');
    },
  };
}
