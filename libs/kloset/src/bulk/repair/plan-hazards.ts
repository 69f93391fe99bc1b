import { type Drafts, emptyDrafts } from './draft.js';
import type { Findings } from './plan.js';

export function planHazards(_findings: Findings): Drafts {
  return emptyDrafts();
}
