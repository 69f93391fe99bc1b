import { type Drafts, emptyDrafts } from './draft.js';
import type { Findings } from './plan.js';

export function planEntries(_findings: Findings): Drafts {
  return emptyDrafts();
}
