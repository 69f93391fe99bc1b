/** Findings of the store itself: one each, never one per machine (design, "Findings of the store"). */
export const STORE_FINDINGS = [
  'unreadable-state',
  'hidden-snapshot',
  'missing-packfile',
  'unreadable-packfile',
  'coloured-in-use',
  'merge-order-hazard',
  'foreign-file',
  'stale-lock',
  'damaged-lock',
  'clock-skew',
  'lost-state',
  'ambiguous-snapshot',
] as const;
export type StoreFindingKind = (typeof STORE_FINDINGS)[number];
