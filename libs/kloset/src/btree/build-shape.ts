/** Keys of a node at which it splits. @source 02-snapshot 2.7 */
export const TREE_ORDER = 50;

const SLOTS = TREE_ORDER + 1;
const PAGE_NODES = 512;
const CUT = Math.floor((TREE_ORDER + 1) / 2) - 1;

/**
 * The shape that a B+tree of order 50 takes when keys are inserted one by one, without the keys: each is its rank in the order of the tree, a number below
 * 2^32. What a rank stands for is asked only when the tree is written. Takes about 8 bytes a key.
 * @source 02-snapshot 2.7
 */
export interface TreeShape {
  /** False when the rank is there already. */
  insert(rank: number): boolean;
  readonly size: number;
  readonly root: number;
  readonly nodes: number;
  isLeaf(node: number): boolean;
  /** Ranks of a leaf, or the separators of an inner node: a view, good until the next insertion. */
  keysOf(node: number): Uint32Array;
  /** Children of an inner node, one more than its keys. */
  childrenOf(node: number): Uint32Array;
}

type Split = { readonly separator: number; readonly right: number };

/** Slots of numbers for many nodes, in pages: growing copies nothing. */
class SlotPages {
  readonly #pages: Uint32Array[] = [];

  of(node: number): Uint32Array {
    const start = this.startOf(node);
    return this.pageOf(node).subarray(start, start + SLOTS);
  }

  pageOf(node: number): Uint32Array {
    const page = Math.floor(node / PAGE_NODES);
    while (this.#pages.length <= page) this.#pages.push(new Uint32Array(PAGE_NODES * SLOTS));
    return this.#pages[page] as Uint32Array;
  }

  /** Where the slots of a node begin in its page. */
  startOf(node: number): number {
    return (node % PAGE_NODES) * SLOTS;
  }
}

class RankTree implements TreeShape {
  readonly #keys = new SlotPages();
  readonly #children = new SlotPages();
  /** Keys of each node. */
  readonly #counts: number[] = [0];
  /** Place of an inner node's children, or -1 for a leaf. */
  readonly #inner: number[] = [-1];
  #innerCount = 0;
  root = 0;
  size = 0;

  get nodes(): number {
    return this.#counts.length;
  }

  isLeaf(node: number): boolean {
    return this.#innerOf(node) < 0;
  }

  keysOf(node: number): Uint32Array {
    return this.#keys.of(node).subarray(0, this.#counts[node]);
  }

  childrenOf(node: number): Uint32Array {
    return this.#children.of(this.#innerOf(node)).subarray(0, (this.#counts[node] ?? 0) + 1);
  }

  insert(rank: number): boolean {
    const before = this.size;
    const split = this.#insertBelow(this.root, rank);
    if (split !== null) this.#raise(split);
    return this.size > before;
  }

  #insertBelow(node: number, rank: number): Split | null {
    const page = this.#keys.pageOf(node);
    const start = this.#keys.startOf(node);
    const count = this.#counts[node] ?? 0;
    const at = firstAbove(page, { start, count }, rank);
    if (this.isLeaf(node)) {
      if (at > start && page[at - 1] === rank) return null;
      page.copyWithin(at + 1, at, start + count);
      page[at] = rank;
      this.#counts[node] = count + 1;
      this.size += 1;
      return count + 1 === TREE_ORDER ? this.#splitLeaf(node) : null;
    }
    const inner = this.#innerOf(node);
    const children = this.#children.pageOf(inner);
    const child = this.#children.startOf(inner) + at - start;
    const split = this.#insertBelow(children[child] as number, rank);
    if (split === null) return null;
    page.copyWithin(at + 1, at, start + count);
    page[at] = split.separator;
    children.copyWithin(child + 2, child + 1, this.#children.startOf(inner) + count + 1);
    children[child + 1] = split.right;
    this.#counts[node] = count + 1;
    return count + 1 === TREE_ORDER ? this.#splitInner(node) : null;
  }

  #splitLeaf(node: number): Split {
    const keys = this.#keys.of(node);
    const right = this.#newNode(TREE_ORDER - CUT, -1);
    this.#keys.of(right).set(keys.subarray(CUT, TREE_ORDER));
    this.#counts[node] = CUT;
    return { separator: keys[CUT] as number, right };
  }

  /** The first key of the right half goes up and stands in neither. */
  #splitInner(node: number): Split {
    const keys = this.#keys.of(node);
    const children = this.#children.of(this.#innerOf(node));
    const right = this.#newNode(TREE_ORDER - CUT - 1, this.#innerCount++);
    this.#keys.of(right).set(keys.subarray(CUT + 1, TREE_ORDER));
    this.#children.of(this.#innerOf(right)).set(children.subarray(CUT + 1, TREE_ORDER + 1));
    this.#counts[node] = CUT;
    return { separator: keys[CUT] as number, right };
  }

  #raise(split: Split): void {
    const left = this.root;
    this.root = this.#newNode(1, this.#innerCount++);
    this.#keys.of(this.root)[0] = split.separator;
    this.#children.of(this.#innerOf(this.root)).set([left, split.right]);
  }

  #newNode(count: number, inner: number): number {
    this.#counts.push(count);
    this.#inner.push(inner);
    return this.#counts.length - 1;
  }

  #innerOf(node: number): number {
    return this.#inner[node] ?? -1;
  }
}

export function createTreeShape(): TreeShape {
  return new RankTree();
}

/** Index of the first key of a node that is greater than `rank`; just behind its keys when none is. */
function firstAbove(page: Uint32Array, keys: { readonly start: number; readonly count: number }, rank: number): number {
  let low = keys.start;
  let high = keys.start + keys.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((page[middle] as number) <= rank) low = middle + 1;
    else high = middle;
  }
  return low;
}
