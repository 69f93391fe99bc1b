import { ownNumbers } from '@wardrobe/kernel';
import { compareBytes, SLASH } from '@wardrobe/kloset-model';
import { TooLargeError } from '../../errors/errors.js';
import { type PathTable, ROOT } from './path-table.js';

/** The paths of a table in the orders that a snapshot is written in; about 22 bytes a path. */
export type PathOrder = {
  /** All paths in ascending BYTES order. */
  readonly byBytes: Uint32Array;
  /** All paths in PATH order: fewer slashes first, then BYTES. */
  readonly byPath: Uint32Array;
  /** Place of each path in `byPath`. */
  readonly rankByPath: Uint32Array;
  /** Place of each path in `byBytes`; made when first asked for. */
  readonly rankByBytes: () => Uint32Array;
  /** Names in a directory, in BYTES order of the name. */
  readonly childrenOf: (node: number) => Uint32Array;
};

/** What a walk in ascending BYTES order meets. */
export type OrderVisitor = {
  /** A path; `ancestors` from the root down to its parent. */
  readonly visit?: (node: number, ancestors: readonly Frame[]) => void;
};

/** A directory whose contents are being walked. */
export type Frame = { readonly node: number; next: number; readonly waiting: number[] };

const MAX_DEPTH = 65_535;

/** @throws TooLargeError a path of more than 65,535 names. @source 02-snapshot 2.3 */
export function orderPaths(paths: PathTable, visitor: OrderVisitor = {}): PathOrder {
  const childrenOf = groupByParent(paths);
  const byBytes = ownNumbers(paths.size);
  const depths = new Uint16Array(paths.size);
  let count = 0;
  walk(paths, childrenOf, (node, ancestors) => {
    if (ancestors.length > MAX_DEPTH) throw new TooLargeError('depth of a path', ancestors.length, MAX_DEPTH);
    byBytes[count++] = node;
    // `/` and `/srv` both have one slash.
    depths[node] = Math.max(1, ancestors.length);
    visitor.visit?.(node, ancestors);
  });
  const byPath = sortByDepth(byBytes, depths);
  const rankByPath = inverse(byPath);
  let rankByBytes: Uint32Array | null = null;
  return { byBytes, byPath, rankByPath, rankByBytes: () => (rankByBytes ??= inverse(byBytes)), childrenOf };
}

/** Counting sort by parent, then each directory by name. */
function groupByParent(paths: PathTable): (node: number) => Uint32Array {
  const starts = ownNumbers(paths.size + 2);
  for (let node = ROOT + 1; node < paths.size; node++) starts[paths.parent(node) + 2] = (starts[paths.parent(node) + 2] as number) + 1;
  for (let at = 2; at < starts.length; at++) starts[at] = (starts[at] as number) + (starts[at - 1] as number);
  const children = ownNumbers(paths.size - 1);
  for (let node = ROOT + 1; node < paths.size; node++) {
    const slot = paths.parent(node) + 1;
    children[starts[slot] as number] = node;
    starts[slot] = (starts[slot] as number) + 1;
  }
  const childrenOf = (node: number): Uint32Array => children.subarray(starts[node], starts[node + 1]);
  for (let node = 0; node < paths.size; node++) {
    const names = childrenOf(node);
    if (names.length > 1) names.sort((a, b) => compareBytes(paths.name(a), paths.name(b)));
  }
  return childrenOf;
}

/**
 * Ascending BYTES order of the whole path. That is not the order of a walk by name: what lies in `a` follows `a-b`, because a hyphen sorts before a slash.
 * Directories whose contents are not due yet wait; each of them is a prefix of the one above it.
 */
function walk(paths: PathTable, childrenOf: (node: number) => Uint32Array, visit: (node: number, ancestors: readonly Frame[]) => void): void {
  visit(ROOT, []);
  const frames: Frame[] = [{ node: ROOT, next: 0, waiting: [] }];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const child = childrenOf(frame.node)[frame.next];
    const waiting = frame.waiting.at(-1);
    if (waiting !== undefined && (child === undefined || comesFirst(paths.name(waiting), paths.name(child)))) {
      frame.waiting.pop();
      frames.push({ node: waiting, next: 0, waiting: [] });
    } else if (child === undefined) frames.pop();
    else {
      frame.next += 1;
      visit(child, frames);
      if (childrenOf(child).length > 0) frame.waiting.push(child);
    }
  }
}

/** Whether `directory` and a slash sort before `name`, which is greater than `directory`. */
function comesFirst(directory: Uint8Array, name: Uint8Array): boolean {
  if (name.length <= directory.length) return true;
  for (let at = 0; at < directory.length; at++) if (directory[at] !== name[at]) return true;
  return (name[directory.length] as number) > SLASH;
}

function sortByDepth(byBytes: Uint32Array, depths: Uint16Array): Uint32Array {
  const starts = new Uint32Array(MAX_DEPTH + 2);
  for (const depth of depths) starts[depth + 1] = (starts[depth + 1] as number) + 1;
  for (let depth = 1; depth < starts.length; depth++) starts[depth] = (starts[depth] as number) + (starts[depth - 1] as number);
  const sorted = ownNumbers(byBytes.length);
  for (const node of byBytes) {
    const depth = depths[node] as number;
    const at = starts[depth] as number;
    sorted[at] = node;
    starts[depth] = at + 1;
  }
  return sorted;
}

function inverse(order: Uint32Array): Uint32Array {
  const ranks = ownNumbers(order.length);
  for (let rank = 0; rank < order.length; rank++) ranks[order[rank] as number] = rank;
  return ranks;
}
