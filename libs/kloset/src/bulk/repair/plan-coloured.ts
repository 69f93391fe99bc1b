import { type Drafts, emptyDrafts } from './draft.js';
import type { Findings } from './plan.js';

export function planColoured(_findings: Findings): Drafts {
  return emptyDrafts();
}
