import { byteName, type PackfileId } from '@wardrobe/kloset-model';
import { blobTypeName } from '../../format/snapshot-blob-types.js';
import { BLOB_TYPE } from '../../format/state.js';
import { type BlobName, counted, draftOf, type Drafts, emptyDrafts, leftAloneOf, named, type OrderedDeletes, problemOf, stateWrite } from './draft.js';
import { machinesOf } from './evidence.js';
import type { Findings } from './plan.js';
import { isAtHand, lostBlobOf } from './recovery.js';
import { type Said, whoSays } from './said.js';
import type { LostBlob, RepairPath, RepairProblem } from './types.js';
import { keyOf, type Need, type SnapshotWalk } from './walk.js';

type Lost = { readonly need: Need; readonly walks: SnapshotWalk[] };

/** What no packfile of the store gives any more: found elsewhere and proven, or named with everything that it hits. */
export async function planLost(findings: Findings): Promise<Drafts> {
  const drafts = emptyDrafts();
  const lost = collectLost(findings);
  const recovered = await planRecovery(findings, lost, drafts);
  drafts.problems.push(
    ...problemsOf(
      findings,
      [...lost].filter(([key]) => !recovered.has(key)).map(([, item]) => item),
    ),
  );
  retireDamaged(findings, lost, drafts);
  retireMissing(findings, drafts);
  drafts.problems.push(...lostSnapshots(findings));
  noteIncomplete(findings, drafts);
  return drafts;
}

function collectLost(findings: Findings): Map<string, Lost> {
  const lost = new Map<string, Lost>();
  for (const walk of [...findings.live, ...findings.candidates.chosen.map((candidate) => candidate.walk)])
    for (const [key, need] of walk.needs) {
      if (isAtHand(need)) continue;
      const known = lost.get(key);
      if (known === undefined) lost.set(key, { need, walks: [walk] });
      else known.walks.push(walk);
    }
  return lost;
}

/** @returns the keys of what can be stored again */
async function planRecovery(findings: Findings, lost: ReadonlyMap<string, Lost>, drafts: Drafts): Promise<ReadonlySet<string>> {
  const recovered = new Set<string>();
  const blobs: LostBlob[] = [];
  const snapshots = new Set<string>();
  const sources = new Map<string, number>();
  for (const [key, { need, walks }] of lost) {
    for (const walk of walks) {
      const source = await findings.recovery.find(walk, need);
      if (source === null) continue;
      recovered.add(key);
      blobs.push(lostBlobOf(walk, need));
      sources.set(source.name, (sources.get(source.name) ?? 0) + 1);
      break;
    }
    if (recovered.has(key)) for (const walk of walks) snapshots.add(walk.id);
  }
  if (blobs.length === 0) return recovered;
  // Snapshots that lack something else still are named by the problems; what is mended is proven only for those that become whole.
  const whole = [...snapshots].filter((id) => [...lost].every(([key, { walks }]) => recovered.has(key) || !walks.some((walk) => walk.id === id))).sort();
  drafts.drafts.push(
    draftOf(
      {
        about: [...recovered].sort()[0] ?? '',
        kind: 'recover-content',
        wrong: `${counted(blobs.length, 'blob')} that snapshot ${named([...snapshots].sort())} needs ${blobs.length === 1 ? 'is' : 'are'} gone from the store.`,
        doing: 'Found elsewhere, each with the very MAC that names it, they are stored again.',
        evidence: [...sources].map(([name, count]) => `${counted(count, 'blob')} from ${name}.`),
        snapshots: whole,
        machines: machinesOf(findings.testimony, { snapshots: whole }),
        packfiles: [...new Set([...lost.values()].flatMap(({ need }) => need.packfiles))].sort(),
        writes: [{ what: 'packfiles', blobs: blobs.length, bytes: null }, stateWrite({ version: versionOf(findings) })],
      },
      { kind: 'recover', blobs },
    ),
  );
  return recovered;
}

/** One problem for each packfile that is gone or damaged, with every snapshot and path that it hits. */
function problemsOf(findings: Findings, lost: readonly Lost[]): readonly RepairProblem[] {
  const byPackfile = new Map<string, Lost[]>();
  for (const item of lost) {
    const key = item.need.packfiles[0] ?? '';
    byPackfile.set(key, [...(byPackfile.get(key) ?? []), item]);
  }
  return [...byPackfile].sort(([a], [b]) => (a < b ? -1 : 1)).map(([packfile, items]) => problemOfPackfile(findings, packfile, items));
}

function problemOfPackfile(findings: Findings, packfile: string, items: readonly Lost[]): RepairProblem {
  const snapshots = [...new Set(items.flatMap(({ walks }) => walks.map((walk) => walk.id)))].sort();
  const isThere = findings.survey.files.has(packfile as PackfileId);
  const kinds = [...new Set(items.map(({ need }) => blobTypeName(need.type)))].join(', ');
  const wrong =
    packfile === ''
      ? `${counted(items.length, 'blob')} (${kinds}) that snapshots need ${items.length === 1 ? 'is' : 'are'} in no packfile of the store.`
      : `Packfile ${named([packfile])} is ${isThere ? 'damaged' : 'gone'}, and with it ${counted(items.length, 'blob')} (${kinds}) that snapshots need.`;
  return problemOf({
    key: `lost:${packfile || (items[0]?.need.id ?? '')}`,
    wrong,
    why: 'No other packfile holds them, nor what was given to look in.',
    next: 'Give a store that was synchronised with this one (--from-store), or the files themselves where they still exist (--from-disk); or back up again: what still exists is stored anew, and heals older snapshots too.',
    snapshots,
    machines: machinesOf(findings.testimony, { snapshots }),
    packfiles: packfile === '' ? [] : [packfile],
    paths: pathsOf(items),
  });
}

function pathsOf(items: readonly Lost[]): readonly RepairPath[] {
  const found = new Map<string, RepairPath>();
  for (const { walks, need } of items)
    for (const walk of walks)
      for (const { path, kind } of (walk.needs.get(keyOf(need.type, need.id)) ?? need).places) {
        const text = path === null ? (kind === 'content' ? '' : `(${kind})`) : byteName(path).text;
        if (text !== '') found.set(`${walk.id}:${text}`, { snapshot: walk.id, path: text });
      }
  return [...found.values()].sort((a, b) => (a.snapshot === b.snapshot ? (a.path < b.path ? -1 : 1) : a.snapshot < b.snapshot ? -1 : 1));
}

/** Packfiles that hold damaged blobs: what is sound in them moves to new ones, and they are marked, so that nothing is built upon them. */
function retireDamaged(findings: Findings, lost: ReadonlyMap<string, Lost>, drafts: Drafts): void {
  const { survey } = findings;
  const damaged = new Map<PackfileId, BlobName[]>();
  for (const { need } of lost.values())
    for (const packfile of need.packfiles) {
      if (!survey.files.has(packfile) || !survey.view.isPackfileKnown(packfile) || survey.view.isPackfileColoured(packfile)) continue;
      damaged.set(packfile, [...(damaged.get(packfile) ?? []), { type: need.type, id: need.id }]);
    }
  if (damaged.size === 0) return;
  const headers = new Set(survey.view.live.flatMap(({ packfiles }) => packfiles));
  const said = whoSays(survey.view);
  for (const [packfile, bad] of damaged) {
    if (headers.has(packfile)) retireLocations(findings, { packfile, bad, said }, drafts);
    else retireWhole(findings, { packfile, bad }, drafts);
  }
}

function retireWhole({ survey }: Findings, damaged: { readonly packfile: PackfileId; readonly bad: readonly BlobName[] }, drafts: Drafts): void {
  const { packfile, bad } = damaged;
  const isBad = new Set(bad.map(({ type, id }) => keyOf(type, id)));
  const blobs = statedIn(survey, packfile).filter(
    ({ type, id }) => type !== BLOB_TYPE.padding && !isBad.has(keyOf(type, id)) && survey.standOf(type, id).packfiles.every((holder) => holder === packfile),
  );
  drafts.drafts.push(
    draftOf(
      {
        about: packfile,
        kind: 'retire-packfile',
        wrong: damagedWords(packfile, bad),
        doing: `The ${counted(blobs.length, 'other blob')} that only it holds are stored again as far as they are sound, and it is marked for deletion.`,
        evidence: ['What snapshots need was read.'],
        packfiles: [packfile],
        writes: [{ what: 'packfiles', blobs: blobs.length, bytes: null }, stateWrite({ version: survey.line === '1.1' ? '1.1.0' : '1.0.0', coloured: 1 })],
      },
      { kind: 'again', blobs, colour: [packfile], lenient: true },
    ),
  );
}

function damagedWords(packfile: PackfileId, bad: readonly BlobName[]): string {
  return `Packfile ${named([packfile])} holds ${counted(bad.length, 'damaged blob')}: a later backup would build upon ${bad.length === 1 ? 'it' : 'them'}.`;
}

/** What the states place in a packfile: its own index may be damaged with it. */
function statedIn({ view }: Findings['survey'], packfile: PackfileId): readonly BlobName[] {
  const found = new Map<string, BlobName>();
  for (const { table } of view.layers) {
    const wanted = Uint8Array.from({ length: table.packfiles.count }, (_, number) => (table.packfiles.mac(number) === packfile ? 1 : 0));
    for (const index of table.rowsIn(wanted)) {
      const { type, stated, tombstoned } = table.read(index);
      const id = table.blob(index);
      if (stated && !tombstoned) found.set(keyOf(type, id), { type, id });
    }
  }
  return [...found.values()];
}

/** A packfile that bears the header of a live snapshot must stay: only single locations can go. */
function retireLocations(
  { survey }: Findings,
  damaged: { readonly packfile: PackfileId; readonly bad: readonly BlobName[]; readonly said: Said },
  drafts: Drafts,
): void {
  const { packfile, bad, said } = damaged;
  if (survey.line === '1.0') {
    const why = `${damagedWords(packfile, bad)} It bears the header of a snapshot, and clients of plakar 1.0 know no way to give up single blobs: plakar may read the damaged copy first.`;
    drafts.leftAlone.push(leftAloneOf({ key: `damaged-location:${packfile}`, what: 'damaged-location', why, packfiles: [packfile] }));
    return;
  }
  const locations = bad.map(({ type, id }) => ({ type, blob: id, packfile }));
  const states = (said.entrants.get(packfile) ?? []).map((parent): OrderedDeletes => ({ parent, notBeforeNs: 0n, colours: [], packfiles: [], locations }));
  drafts.drafts.push(
    draftOf(
      {
        about: packfile,
        kind: 'retire-packfile',
        wrong: damagedWords(packfile, bad),
        doing: 'Their locations are deleted; the packfile stays, because it bears the header of a snapshot.',
        evidence: ['What snapshots need was read.'],
        packfiles: [packfile],
        writes: states.map((state) => stateWrite({ version: '1.1.0', deletes: state.locations.length })),
      },
      { kind: 'deletes', states, again: [] },
    ),
  );
}

/** Packfiles that the states name and the store does not hold. */
function retireMissing({ survey }: Findings, drafts: Drafts): void {
  const missing: PackfileId[] = [];
  for (const { id, coloured } of survey.view.packfiles()) if (!coloured && !survey.files.has(id)) missing.push(id);
  if (missing.length === 0) return;
  missing.sort();
  drafts.drafts.push(
    draftOf(
      {
        about: missing[0] ?? '',
        kind: 'retire-packfile',
        wrong: `${counted(missing.length, 'packfile')} that the states name (${named(missing)}) ${missing.length === 1 ? 'is' : 'are'} not in the store: a later backup would build upon what ${missing.length === 1 ? 'it' : 'they'} should hold.`,
        doing: 'They are marked for deletion, so that a backup stores again what still exists.',
        evidence: ['The list of the store does not have them.'],
        packfiles: missing,
        writes: [stateWrite({ version: survey.line === '1.1' ? '1.1.0' : '1.0.0', coloured: missing.length })],
      },
      { kind: 'colour', packfiles: missing },
    ),
  );
}

/** Snapshots that only machines list, and whose header is in no packfile of the store. */
function lostSnapshots({ survey, testimony }: Findings): readonly RepairProblem[] {
  const known = new Set<string>([...survey.view.live, ...survey.view.deleted].map(({ id }) => id));
  const shown = new Map<string, Set<string>>();
  for (const evidence of testimony.all)
    for (const id of evidence.shown)
      if (!known.has(id) && survey.standOf(BLOB_TYPE.snapshot, id).standing === 'gone') shown.set(id, (shown.get(id) ?? new Set()).add(evidence.machine));
  return [...shown]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, machines]) =>
      problemOf({
        key: `lost-snapshot:${id}`,
        wrong: `Snapshot ${named([id])} is listed by ${[...machines].join(', ')}, and the packfile that bore its header is not in the store.`,
        why: 'Without its header nobody can tell what belonged to it.',
        next: 'Back up again while the files still exist.',
        snapshots: [id],
        machines: [...machines].sort(),
      }),
    );
}

/** Headers without all that they need: of backups whose packfiles maintenance took away, or that are lost in part. */
function noteIncomplete(findings: Findings, drafts: Drafts): void {
  for (const walk of findings.candidates.incomplete) {
    const machines = machinesOf(findings.testimony, { snapshots: [walk.id], states: [walk.id] });
    const missing = [...walk.needs.values()].filter((need) => !isAtHand(need));
    const isMissed = machines.length > 0 || findings.survey.damaged.some(({ id }) => id === walk.id);
    const why = `The header of snapshot ${named([walk.id])} lies in a packfile that no state names, and ${counted(missing.length, 'blob')} that it needs ${missing.length === 1 ? 'is' : 'are'} gone: only whole snapshots are brought back.`;
    if (!isMissed) drafts.leftAlone.push(leftAloneOf({ key: `incomplete-snapshot:${walk.id}`, what: 'incomplete-snapshot', why, snapshots: [walk.id] }));
    else
      drafts.problems.push(
        problemOf({
          key: `incomplete-snapshot:${walk.id}`,
          wrong: `Snapshot ${named([walk.id])} cannot be brought back whole.`,
          why,
          next: 'Read what is there with --hidden, or give a store that was synchronised with this one (--from-store).',
          snapshots: [walk.id],
          machines,
          paths: pathsOf(missing.map((need) => ({ need, walks: [walk] }))),
        }),
      );
  }
}

function versionOf({ survey }: Findings): '1.0.0' | '1.1.0' {
  return survey.line === '1.1' ? '1.1.0' : '1.0.0';
}
