import { createHash } from 'node:crypto';
import type { Mac, PackfileId, StateId } from '@wardrobe/kloset-model';
import type { SaidDelete } from './said.js';
import type { LostBlob, RepairAction, RepairLeftAlone, RepairProblem, RepairWrite, StateEndFacts } from './types.js';

/** A packfile to be claimed whole, without the headers of snapshots that must not come along. */
export type ClaimedPackfile = { readonly id: PackfileId; readonly whenNs: bigint; readonly without: readonly Mac[] };
export type BlobName = { readonly type: number; readonly id: Mac };

/** What an action does when it is applied. */
export type Work =
  | { readonly kind: 'state-file'; readonly id: StateId; readonly file: Uint8Array }
  | {
      readonly kind: 'state';
      /** Null: a new random name. */
      readonly id: StateId | null;
      readonly packfiles: readonly ClaimedPackfile[];
      readonly colours: readonly { readonly type: number; readonly id: Mac; readonly whenNs: bigint }[];
      /** Delete entries; only with an end of version 1.1.0. */
      readonly deletes: readonly SaidDelete[];
      /** Null: of the line, the oldest packfile's time. */
      readonly end: StateEndFacts | null;
      /** Headers of snapshots that cannot be claimed where they lie, and are stored again with it. */
      readonly headers: readonly Mac[];
    }
  | { readonly kind: 'remove-state'; readonly id: StateId }
  /** Blobs that are read from wherever they lie in the store. `lenient`: one that is damaged stays away. */
  | { readonly kind: 'again'; readonly blobs: readonly BlobName[]; readonly colour: readonly PackfileId[]; readonly lenient: boolean }
  | { readonly kind: 'put'; readonly blobs: readonly (BlobName & { readonly bytes: Uint8Array })[] }
  | { readonly kind: 'recover'; readonly blobs: readonly LostBlob[] }
  | { readonly kind: 'colour'; readonly packfiles: readonly PackfileId[] }
  /** States of 1.1.0, each with a parent that puts it behind what it deletes. */
  | { readonly kind: 'deletes'; readonly states: readonly OrderedDeletes[]; readonly again: readonly BlobName[] };

export type OrderedDeletes = {
  readonly parent: StateId;
  /** It must not be older than what it cancels. */
  readonly notBeforeNs: bigint;
  readonly colours: readonly BlobName[];
  readonly packfiles: readonly PackfileId[];
  readonly locations: readonly { readonly type: number; readonly blob: Mac; readonly packfile: PackfileId }[];
};

export type Draft = { readonly action: RepairAction; readonly work: Work };

/** A plan with what stands behind each action. */
export type Drafts = { readonly drafts: Draft[]; readonly problems: RepairProblem[]; readonly leftAlone: RepairLeftAlone[] };

export function emptyDrafts(): Drafts {
  return { drafts: [], problems: [], leftAlone: [] };
}

export type ActionFacts = Pick<RepairAction, 'kind' | 'wrong' | 'doing'> &
  Partial<Omit<RepairAction, 'kind' | 'wrong' | 'doing' | 'key' | 'fingerprint'>> & {
    /** What it is about, beside the kind. */
    readonly about: string;
  };

export function draftOf(facts: ActionFacts, work: Work): Draft {
  const { about, kind, wrong, doing } = facts;
  return {
    action: {
      key: `${kind}:${about}`,
      kind,
      fingerprint: fingerprintOf(work),
      wrong,
      doing,
      evidence: facts.evidence ?? [],
      snapshots: facts.snapshots ?? [],
      machines: facts.machines ?? [],
      states: facts.states ?? [],
      packfiles: facts.packfiles ?? [],
      writes: facts.writes ?? [],
      undeletes: facts.undeletes ?? false,
      redeletes: facts.redeletes ?? [],
      takesAway: facts.takesAway ?? false,
    },
    work,
  };
}

export function problemOf(facts: Pick<RepairProblem, 'key' | 'wrong' | 'why' | 'next'> & Partial<RepairProblem>): RepairProblem {
  return { snapshots: [], machines: [], states: [], packfiles: [], paths: [], ...facts };
}

export function leftAloneOf(facts: Pick<RepairLeftAlone, 'key' | 'what' | 'why'> & Partial<RepairLeftAlone>): RepairLeftAlone {
  return { snapshots: [], packfiles: [], machines: [], ...facts };
}

export function stateWrite(facts: Partial<Extract<RepairWrite, { what: 'state' }>> & { readonly version: '1.0.0' | '1.1.0' }): RepairWrite {
  return { what: 'state', id: null, replaces: false, locations: 0, packfiles: 0, coloured: 0, deletes: 0, ...facts };
}

/** Two works of equal fingerprint write the same. */
function fingerprintOf(work: Work): string {
  const plain = JSON.stringify(work, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString();
    if (value instanceof Uint8Array) return createHash('sha256').update(value).digest('hex');
    return value;
  });
  return createHash('sha256').update(plain).digest('hex').slice(0, 32);
}

/** Ids in sentences: the first digits of up to three. */
export function named(ids: readonly string[]): string {
  const shown = ids.slice(0, 3).map((id) => id.slice(0, 8));
  const rest = ids.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}` : (shown[0] ?? '');
}

/** `1 packfile`, `3 packfiles`. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
