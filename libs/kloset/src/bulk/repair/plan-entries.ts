import { counted, draftOf, type Drafts, emptyDrafts, named, stateWrite } from './draft.js';
import { machinesOf } from './evidence.js';
import type { Findings } from './plan.js';
import type { Need } from './walk.js';

/** Entries that the tree names and no blob holds, as backups of plakar 1.1 on top of 1.0 leave them: the packed listings have the very bytes. @source 02-snapshot 9.1 */
export function planEntries(findings: Findings): Drafts {
  const drafts = emptyDrafts();
  const needs = new Map<string, Need & { readonly recovered: Uint8Array }>();
  const snapshots = new Set<string>();
  for (const walk of [...findings.live, ...findings.candidates.chosen.map((candidate) => candidate.walk)])
    for (const [key, need] of walk.needs) {
      const { recovered } = need;
      if (recovered === null) continue;
      needs.set(key, { ...need, recovered });
      snapshots.add(walk.id);
    }
  if (needs.size === 0) return drafts;
  const about = [...snapshots].sort();
  drafts.drafts.push(
    draftOf(
      {
        about: about[0] ?? '',
        kind: 'rebuild-entries',
        wrong: `${counted(needs.size, 'entry').replace('entrys', 'entries')} of snapshot ${named(about)} have no blob of their own: plakar's check calls them missing.`,
        doing: 'They are stored as blobs, with the bytes that the packed listings of their folders hold.',
        evidence: ['Each frame has the very MAC that the tree names.'],
        snapshots: about,
        machines: machinesOf(findings.testimony, { snapshots: about }),
        writes: [{ what: 'packfiles', blobs: needs.size, bytes: null }, stateWrite({ version: findings.survey.line === '1.1' ? '1.1.0' : '1.0.0' })],
      },
      { kind: 'put', blobs: [...needs.values()].map(({ type, id, recovered }) => ({ type, id, bytes: recovered })) },
    ),
  );
  return drafts;
}
