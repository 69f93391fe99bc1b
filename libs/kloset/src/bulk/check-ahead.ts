import type { Mac } from '@wardrobe/kloset-model';
import type { NodeSource, Tree, TreeNode } from '../btree/tree.js';
import { decode } from '../codec/codec.js';
import { blobTypeName } from '../format/snapshot-blob-types.js';
import { treeNode } from '../format/snapshot-tree.js';
import type { BlobResult, BlobSource } from '../repository/types.js';
import { plainNode } from '../snapshot/plain-nodes.js';
import type { Abortable } from '../snapshot/source.js';

/** Nodes read together. */
const NODES_PER_READ = 64;

/** `ahead`: so many nodes of each level are asked for before they are used, about. `isRead`: of nodes that the scan will enter; default: all. */
export type AheadOptions = Abortable & { readonly type: number; readonly ahead: number; readonly isRead?: ((id: Mac) => boolean) | undefined };
/** `settled`: nothing is under way any more. */
export type ScannedTree = Tree & { settled(): Promise<void> };

/** The same tree for one scan of it from end to end: nodes are read many at a time and ahead of their turn, also over the bounds of their parents. */
export function scannedAhead(tree: Tree, source: BlobSource, options: AheadOptions): ScannedTree {
  const nodes = new NodesAhead(source, options);
  return { ...tree, nodes, settled: () => nodes.settled() };
}

type Group = Promise<readonly BlobResult[]>;
type Asked = { readonly group: Group; readonly index: number; readonly depth: number };

/** Nodes of one level in the order of the scan. `known`: not asked for yet; `unopened`: asked for, their children are not known yet; `asked`: not used yet. */
type Level = { known: Mac[]; unopened: Mac[]; asked: number; isOpening: boolean };

class NodesAhead implements NodeSource {
  readonly #source: BlobSource;
  readonly #options: AheadOptions;
  readonly #levels: Level[] = [];
  readonly #asked = new Map<Mac, Asked>();
  readonly #groups = new Set<Group>();
  #leafDepth = Number.POSITIVE_INFINITY;
  #isOver = false;

  constructor(source: BlobSource, options: AheadOptions) {
    this.#source = source;
    this.#options = options;
  }

  async get(id: Mac, options: Abortable = {}): Promise<TreeNode> {
    const asked = this.#asked.get(id) ?? this.#askFrom(id);
    if (asked === undefined) {
      // The root; or a node that stands elsewhere too, as only damaged trees have it.
      const isRoot = this.#levels.length === 0;
      const node = this.#node(id, await this.#source.get(this.#options.type, id, options));
      if (isRoot) this.#opened(0, node);
      return node;
    }
    const { group, index, depth } = asked;
    this.#asked.delete(id);
    const level = this.#level(depth);
    level.asked -= 1;
    this.#fill(depth);
    const got = (await group)[index];
    const isFresh = this.#passed(level, id);
    if (got === undefined) return this.#source.get(this.#options.type, id, options).then((bytes) => this.#node(id, bytes));
    if ('error' in got) throw got.error;
    const node = this.#node(id, got.bytes);
    if (isFresh) this.#opened(depth, node);
    return node;
  }

  async settled(): Promise<void> {
    this.#isOver = true;
    while (this.#groups.size > 0) await Promise.allSettled(this.#groups);
  }

  /** Whether its children are not known yet. */
  #passed(level: Level, id: Mac): boolean {
    const place = level.unopened.indexOf(id);
    level.unopened.splice(0, place + 1);
    return place >= 0;
  }

  #level(depth: number): Level {
    this.#levels[depth] ??= { known: [], unopened: [], asked: 0, isOpening: false };
    return this.#levels[depth];
  }

  /** The children of a node are known. */
  #opened(depth: number, node: TreeNode): void {
    if (node.pointers.length === 0) {
      this.#leafDepth = Math.min(this.#leafDepth, depth);
      return;
    }
    const { isRead } = this.#options;
    this.#level(depth + 1).known.push(...(isRead === undefined ? node.pointers : node.pointers.filter(isRead)));
    this.#fill(depth + 1);
  }

  /** Asks for a node that is the next of its level. */
  #askFrom(id: Mac): Asked | undefined {
    const depth = this.#levels.findIndex((level) => level?.known[0] === id);
    if (depth < 0) return undefined;
    this.#ask(depth);
    return this.#asked.get(id);
  }

  /** Half of what is to be under way is used up: time for the next. */
  #fill(depth: number): void {
    if (this.#isOver) return;
    const level = this.#level(depth);
    const { ahead } = this.#options;
    while (level.known.length > 0 && level.asked <= ahead / 2) this.#ask(depth);
    if (level.asked <= ahead / 2 && depth > 0) void this.#openMore(depth - 1);
  }

  #ask(depth: number): void {
    const level = this.#level(depth);
    const ids = level.known.splice(0, NODES_PER_READ);
    const group = all(this.#source.getMany(this.#options.type, ids, { signal: this.#options.signal }));
    this.#groups.add(group);
    // The failure is met by who asks for one of them.
    group.catch(() => undefined).finally(() => this.#groups.delete(group));
    for (const [index, id] of ids.entries()) this.#asked.set(id, { group, index, depth });
    level.asked += ids.length;
    if (depth < this.#leafDepth) level.unopened.push(...ids);
  }

  /** Opens nodes that the scan has not reached, until enough of their children are under way. What cannot be opened is met by the scan. */
  async #openMore(depth: number): Promise<void> {
    const level = this.#level(depth);
    if (level.isOpening) return;
    level.isOpening = true;
    try {
      for (let [id] = level.unopened; id !== undefined && depth < this.#leafDepth; [id] = level.unopened) {
        const below = this.#levels[depth + 1];
        if (below !== undefined && (below.known.length > 0 || below.asked > this.#options.ahead / 2)) return;
        const asked = this.#asked.get(id);
        const node = asked === undefined ? null : await this.#nodeAhead(id, asked);
        // The scan may have been here meanwhile.
        if (this.#passed(level, id) && node !== null) this.#opened(depth, node);
      }
    } finally {
      level.isOpening = false;
    }
  }

  /** Null: the scan meets the same failure. */
  async #nodeAhead(id: Mac, { group, index }: Asked): Promise<TreeNode | null> {
    try {
      const got = (await group)[index];
      return got === undefined || 'error' in got ? null : this.#node(id, got.bytes);
    } catch {
      return null;
    }
  }

  #node(id: Mac, bytes: Uint8Array): TreeNode {
    const plain = plainNode(bytes);
    if (plain !== null) return plain;
    const record = decode(treeNode, bytes, { kind: blobTypeName(this.#options.type), file: id });
    return { keys: record.keys ?? [], pointers: record.pointers ?? [], values: record.values ?? [] };
  }
}

async function all(results: AsyncIterable<BlobResult>): Promise<readonly BlobResult[]> {
  const found: BlobResult[] = [];
  for await (const result of results) found.push(result);
  return found;
}
