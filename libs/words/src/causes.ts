/** Why a cell is what it is, as facts; `sentences.ts` turns it into words. Ids are hex text, times ms since the epoch. */
export type Cause =
  | { readonly kind: 'never-reported' }
  | { readonly kind: 'listed' }
  | { readonly kind: 'not-yet-merged'; readonly inMotion: boolean }
  | { readonly kind: 'published-after-report'; readonly publishedAtMs: number; readonly reportedAtMs: number }
  | { readonly kind: 'deleted-in-store'; readonly whenMs: number | null }
  | { readonly kind: 'state-damaged'; readonly states: readonly string[] }
  | { readonly kind: 'state-missing'; readonly states: readonly string[]; readonly packfiles: readonly string[] }
  | { readonly kind: 'packfile-gone'; readonly packfiles: readonly string[] }
  | { readonly kind: 'merged-not-listed'; readonly states: readonly string[] }
  | { readonly kind: 'deletion-not-published' };

/** What to do about it, as a closed list. */
export const NEXT_STEPS = ['none', 'wait', 'start-machine', 'rebuild-cache', 'decide-deletion', 'rebuild-state', 'publish-state', 'backup-again'] as const;
export type NextStepKind = (typeof NEXT_STEPS)[number];
