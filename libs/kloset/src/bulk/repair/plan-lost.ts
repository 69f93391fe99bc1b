import { type Drafts, emptyDrafts } from './draft.js';
import type { Findings } from './plan.js';

export function planLost(_findings: Findings): Drafts {
  return emptyDrafts();
}
