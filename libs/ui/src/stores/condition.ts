import type { StoreDto } from '@wardrobe/contracts';
import { counted, figure, listed, spanWord, type Verdict } from '@wardrobe/words';

export type ConditionKind =
  | 'diverged'
  | 'damaged'
  | 'offline'
  | 'locked'
  | 'stale'
  | 'unknown'
  | 'never-read'
  | 'reading'
  | 'behind'
  | 'no-machines'
  | 'in-sync';
export type Condition = { readonly kind: ConditionKind; readonly cause: string };

/** Worst first; up to `unknown` a store needs a look. */
const ORDER: readonly ConditionKind[] = [
  'diverged',
  'damaged',
  'offline',
  'locked',
  'stale',
  'unknown',
  'never-read',
  'reading',
  'behind',
  'no-machines',
  'in-sync',
];
const NEEDS_LOOK: ReadonlySet<ConditionKind> = new Set(ORDER.slice(0, 6));

/** A reading is late after three missed intervals, at least ten minutes. */
export function isStale(store: Pick<StoreDto, 'lastReadAt' | 'refreshIntervalSeconds'>, nowMs: number): boolean {
  return store.lastReadAt !== null && nowMs - Date.parse(store.lastReadAt) > Math.max(600_000, store.refreshIntervalSeconds * 3000);
}

/** Verdict over the machines of a store. */
export function storeVerdict({ counts }: Pick<StoreDto, 'counts'>): Verdict {
  if (counts.diverged > 0) return 'diverged';
  if (counts.unknown > 0) return 'unknown';
  return counts.behind > 0 ? 'behind' : 'in-sync';
}

export function storeCondition(store: StoreDto, nowMs: number): Condition {
  const verdict = storeVerdict(store);
  const problem = store.problem?.sentence;
  switch (store.status) {
    case 'offline':
      return { kind: 'offline', cause: problem ?? 'The store does not answer. You see what was read before' };
    case 'locked':
      return { kind: 'locked', cause: problem ?? 'Its key is not loaded. Nothing new can be read' };
    case 'damaged':
      return { kind: verdict === 'diverged' ? 'diverged' : 'damaged', cause: store.headline ?? problem ?? 'Some of its files cannot be read' };
    case 'never-read':
      return { kind: 'never-read', cause: problem ?? 'Not read yet' };
    case 'reading':
      if (store.lastReadAt === null) return { kind: 'reading', cause: 'Being read for the first time' };
  }
  if (verdict === 'diverged') return { kind: 'diverged', cause: store.headline ?? `${counted(store.counts.diverged, 'machine')} diverged` };
  if (isStale(store, nowMs))
    return {
      kind: 'stale',
      cause: `Last read ${spanWord(nowMs - Date.parse(store.lastReadAt ?? ''))} ago; the schedule says every ${spanWord(store.refreshIntervalSeconds * 1000)}`,
    };
  if (store.counts.machines === 0) return { kind: 'no-machines', cause: store.headline ?? 'No machine reports this store, so nothing can be compared' };
  return { kind: verdict, cause: store.headline ?? calmCause(store, verdict) };
}

function calmCause({ counts }: StoreDto, verdict: Verdict): string {
  if (verdict === 'unknown') return `Nothing fresh is known about ${counted(counts.unknown, 'machine')}`;
  if (verdict === 'behind') return `${counted(counts.behind, 'machine')} behind; they catch up by themselves`;
  return 'All machines list what the store holds';
}

/** Stores with their condition, those that need a look first. */
export function rankedStores(stores: readonly StoreDto[], nowMs: number): readonly { readonly store: StoreDto; readonly condition: Condition }[] {
  return stores
    .map((store) => ({ store, condition: storeCondition(store, nowMs) }))
    .toSorted((a, b) => ORDER.indexOf(a.condition.kind) - ORDER.indexOf(b.condition.kind) || a.store.name.localeCompare(b.store.name));
}

const WORDS: Readonly<Record<ConditionKind, string>> = {
  diverged: 'diverged',
  damaged: 'damaged',
  offline: 'offline',
  locked: 'locked',
  stale: 'read too long ago',
  unknown: 'unknown',
  'never-read': 'not read yet',
  reading: 'being read',
  behind: 'behind',
  'no-machines': 'without machines',
  'in-sync': 'in sync',
};

export function conditionWord(kind: ConditionKind): string {
  return WORDS[kind];
}

/** "2 of 7 stores need a look." and "1 diverged, 1 locked, 5 in sync." */
export function storesSentence(kinds: readonly ConditionKind[]): { readonly sentence: string; readonly detail: string } {
  const need = kinds.filter((kind) => NEEDS_LOOK.has(kind)).length;
  const parts = ORDER.map((kind) => [kind, kinds.filter((other) => other === kind).length] as const).filter(([, count]) => count > 0);
  const detail = `${listed(
    parts.map(([kind, count]) => `${figure(count)} ${WORDS[kind]}`),
    ORDER.length,
  )}.`;
  if (need > 0) return { sentence: `${figure(need)} of ${counted(kinds.length, 'store')} ${need === 1 ? 'needs' : 'need'} a look.`, detail };
  return { sentence: kinds.length === 1 ? 'Your store needs nothing.' : `None of ${figure(kinds.length)} stores needs a look.`, detail };
}
