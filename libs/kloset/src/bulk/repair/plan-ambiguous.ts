import { type Drafts, emptyDrafts } from './draft.js';
import type { Findings } from './plan.js';

export function planAmbiguous(_findings: Findings): Drafts {
  return emptyDrafts();
}
