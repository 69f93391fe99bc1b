import type { StateId } from '@wardrobe/kloset-model';

/** What parents say about the order in which plakar merges states: a parent comes before its children, and nothing else is certain. @source 01-store 5.3 */
export class StateOrder {
  readonly #parents: ReadonlyMap<StateId, StateId | null>;
  readonly #related = new Map<StateId, Relations>();

  constructor(records: Iterable<{ readonly id: StateId; readonly parent: StateId | null }>) {
    this.#parents = new Map([...records].map((record) => [record.id, record.parent]));
  }

  /** Those of `others` that may come before or after `state`. */
  unordered(state: StateId, others: readonly StateId[]): readonly StateId[] {
    const relations = this.#relationsOf(state);
    return [...new Set(others)].filter((other) => other !== state && !relations.ancestors.has(other) && !this.#descends(other, state, relations));
  }

  /** Whether `state` comes after `other` on every machine: `other` is among its ancestors. */
  follows(state: StateId, other: StateId): boolean {
    return this.#relationsOf(state).ancestors.has(other);
  }

  #relationsOf(state: StateId): Relations {
    const known = this.#related.get(state);
    if (known !== undefined) return known;
    const relations: Relations = { ancestors: new Set(this.#chain(state)), descends: new Map() };
    this.#related.set(state, relations);
    return relations;
  }

  #descends(from: StateId, ancestor: StateId, { descends }: Relations): boolean {
    const passed: StateId[] = [];
    let answer = false;
    for (const state of [from, ...this.#chain(from, descends)]) {
      answer = state === ancestor || descends.get(state) === true;
      if (answer || descends.has(state)) break;
      passed.push(state);
    }
    for (const state of passed) descends.set(state, answer);
    return answer;
  }

  /** Ancestors, nearest first, as far as they are in the store; ends at a circle and after a state in `until`. */
  *#chain(from: StateId, until: ReadonlyMap<StateId, boolean> = new Map()): Generator<StateId> {
    const seen = new Set([from]);
    for (let next = this.#parents.get(from) ?? null; next !== null && !seen.has(next); next = this.#parents.get(next) ?? null) {
      seen.add(next);
      yield next;
      if (until.has(next)) return;
    }
  }
}

type Relations = { readonly ancestors: ReadonlySet<StateId>; readonly descends: Map<StateId, boolean> };
