import type { Mac } from '@wardrobe/kloset-model';
import type { NodeSource, Tree, TreeNode } from '../btree/tree.js';
import { decode } from '../codec/codec.js';
import { blobTypeName } from '../format/snapshot-blob-types.js';
import { treeNode } from '../format/snapshot-tree.js';
import type { BlobResult, BlobSource } from '../repository/types.js';
import { plainNode } from '../snapshot/plain-nodes.js';

/** Nodes read together. */
const NODES_PER_READ = 64;

/** `next`: the first that is not asked for yet; `ahead`: how many were asked for and not used. */
type Siblings = { readonly ids: readonly Mac[]; next: number; ahead: number };
type Waiting = { readonly group: Promise<readonly BlobResult[]>; readonly index: number; readonly siblings: Siblings };

/** The same tree for one scan of it from end to end: the children of a node are read many at a time, and a little ahead. */
export function scannedAhead(tree: Tree, source: BlobSource, type: number): Tree {
  return { ...tree, nodes: new NodesAhead(source, type) };
}

class NodesAhead implements NodeSource {
  readonly #source: BlobSource;
  readonly #type: number;
  /** Children of the inner nodes on the way down to the place of the scan. */
  readonly #open: Siblings[] = [];
  readonly #waiting = new Map<Mac, Waiting>();

  constructor(source: BlobSource, type: number) {
    this.#source = source;
    this.#type = type;
  }

  async get(id: Mac, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<TreeNode> {
    const bytes = await this.#bytes(id, options.signal);
    const node = plainNode(bytes) ?? this.#decoded(id, bytes);
    if (node.pointers.length > 0) this.#open.push({ ids: node.pointers, next: 0, ahead: 0 });
    return node;
  }

  #decoded(id: Mac, bytes: Uint8Array): TreeNode {
    const record = decode(treeNode, bytes, { kind: blobTypeName(this.#type), file: id });
    return { keys: record.keys ?? [], pointers: record.pointers ?? [], values: record.values ?? [] };
  }

  async #bytes(id: Mac, signal: AbortSignal | undefined): Promise<Uint8Array> {
    if (!this.#waiting.has(id)) this.#readFrom(id, signal);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return this.#source.get(this.#type, id, { signal });
    const { group, index, siblings } = waiting;
    this.#waiting.delete(id);
    siblings.ahead -= 1;
    // Half of them are used up: time for the next.
    if (siblings.ahead <= NODES_PER_READ / 2 && siblings.next < siblings.ids.length) this.#read(siblings, signal);
    const got = (await group)[index];
    if (got === undefined) return this.#source.get(this.#type, id, { signal });
    if ('error' in got) throw got.error;
    return got.bytes;
  }

  /** Asks for the node with those after it, if it is the next of its siblings; it is not when it is the root, or the scan leaves some out. */
  #readFrom(id: Mac, signal: AbortSignal | undefined): void {
    for (let last = this.#open.at(-1); last !== undefined; last = this.#open.at(-1)) {
      if (last.ids[last.next] === id) this.#read(last, signal);
      if (last.next < last.ids.length || this.#waiting.has(id)) return;
      this.#open.pop();
    }
  }

  #read(siblings: Siblings, signal: AbortSignal | undefined): void {
    const ids = siblings.ids.slice(siblings.next, siblings.next + NODES_PER_READ);
    siblings.next += ids.length;
    siblings.ahead += ids.length;
    const group = all(this.#source.getMany(this.#type, ids, { signal }));
    // The failure is met by who asks for one of them.
    group.catch(() => undefined);
    for (const [index, id] of ids.entries()) this.#waiting.set(id, { group, index, siblings });
  }
}

async function all(results: AsyncIterable<BlobResult>): Promise<readonly BlobResult[]> {
  const found: BlobResult[] = [];
  for await (const result of results) found.push(result);
  return found;
}
