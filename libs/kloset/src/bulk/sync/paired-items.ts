import { comparePathOrder, type Mac } from '@wardrobe/kloset-model';
import { scanItems, type TreeItem } from '../../btree/scan.js';
import type { Tree } from '../../btree/tree.js';
import type { Abortable } from '../../snapshot/source.js';

/** Two trees that are known to be equal: one of the source, one of the target. */
export type EqualTrees = { readonly ours: Tree; readonly theirs: Tree };
/** An item of a tree of the source. `kept`: what the target has for an item that is equal to this one, or null. */
export type PairedItem = { readonly key: Uint8Array; readonly mac: Mac; readonly kept: Mac | null };

/**
 * All items of a tree, some hundred at a time, each with its equal in the target, where an earlier copy of the same item at the same key is known. Reads nodes
 * only. Keys that do not come in the order of paths find fewer equals, never wrong ones.
 */
export async function* pairedItems(tree: Tree, equal: EqualTrees | null, options: Abortable & { readonly batch: number }): AsyncGenerator<PairedItem[]> {
  const ours = equal === null ? null : new Follower(equal.ours, options);
  const theirs = equal === null ? null : new Follower(equal.theirs, options);
  let batch: PairedItem[] = [];
  for await (const { key, value } of scanItems(tree, options)) {
    const isKnown = ours !== null && (await ours.find(key)) === value;
    batch.push({ key, mac: value, kept: isKnown && theirs !== null ? await theirs.find(key) : null });
    if (batch.length < options.batch) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Goes through a tree in step with keys that grow. */
class Follower {
  readonly #items: AsyncGenerator<TreeItem>;
  #current: TreeItem | null = null;
  #isDone = false;

  constructor(tree: Tree, options: Abortable) {
    this.#items = scanItems(tree, options);
  }

  async find(key: Uint8Array): Promise<Mac | null> {
    for (;;) {
      if (this.#current === null) {
        if (this.#isDone) return null;
        const next = await this.#items.next();
        this.#isDone = next.done === true;
        if (next.done === true) return null;
        this.#current = next.value;
      }
      const order = comparePathOrder(this.#current.key, key);
      if (order > 0) return null;
      const { value } = this.#current;
      if (order === 0) return value;
      this.#current = null;
    }
  }
}
