import { createHash } from 'node:crypto';
import type { FindingDto } from '@wardrobe/contracts';
import type { DecisionRow, DivergenceRow, FindingRow, HeaderColumns, MachineStoreRow, SnapshotRow, StoreRow } from '@wardrobe/db';
import type { FindingFacts } from '@wardrobe/tracking';
import { type Cell, CELLS, counted, dayWord, figure, listed, NEXT_STEP_SENTENCE, spanWord } from '@wardrobe/words';
import { toolOf } from './machine-rows.js';
import { workCommand } from './work-words.js';

export type FindingContext = {
  readonly store: StoreRow;
  readonly nowMs: number;
  readonly history: readonly DivergenceRow[];
  readonly open: readonly FindingRow[];
  readonly snapshots: ReadonlyMap<string, SnapshotRow>;
  readonly machines: ReadonlyMap<string, MachineStoreRow>;
  readonly packfileCount: number;
  readonly decisions: readonly DecisionRow[];
  readonly headerOf: (row: SnapshotRow) => HeaderColumns | null;
};

/** Snapshots that a finding lists. */
export const SHOWN_AFFECTED = 100;
const short = (id: string): string => id.slice(0, 8);

type Words = {
  readonly title: string;
  readonly subtitle: string;
  readonly happened: string;
  readonly evidence: readonly { readonly ok: boolean; readonly sentence: string }[];
  readonly nextStep: string;
  readonly command: string | null;
  readonly afterwards: string | null;
};

/** One finding as its page tells it. */
export function findingDto(context: FindingContext, facts: FindingFacts): FindingDto {
  const words = isCell(facts.kind) ? cellWords(context, facts) : storeWords(context, facts);
  const began = beganOf(context, facts);
  return {
    id: idOfFinding(facts.key),
    kind: facts.kind,
    section: facts.section,
    ...words,
    evidence: [...words.evidence],
    firstSeenAt: new Date(began).toISOString(),
    endedAt: null,
    machines: namesOf(context, facts.machines),
    affected: facts.snapshots.slice(0, SHOWN_AFFECTED).map((id) => affected(context, facts, id)),
    affectedTotal: facts.snapshots.length,
    mend: mendOf(facts.kind),
    decision: decisionOf(context, facts),
  };
}

/** What was mended in the last days: one entry per machine and cell. */
export function mendedFinding(context: FindingContext, ended: readonly DivergenceRow[]): FindingDto[] {
  const groups = new Map<string, DivergenceRow[]>();
  for (const row of ended) {
    const key = `${row.cell}:${row.machineId}:${row.endedAt?.toISOString() ?? ''}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].slice(0, 50).flatMap(([key, rows]) => {
    const first = rows[0];
    const cell = first ? CELLS.find((known) => known === first.cell) : undefined;
    if (first === undefined || cell === undefined || first.endedAt === null) return [];
    const machines = namesOf(context, [first.machineId]);
    const name = machines[0]?.name ?? 'a machine';
    return [
      {
        id: idOfFinding(`mended:${key}`),
        kind: cell,
        section: 'mended' as const,
        title: `${counted(rows.length, 'snapshot')} of ${name} ${rows.length === 1 ? 'is' : 'are'} no longer ${cell}`,
        subtitle: `${name} · since ${dayWord(first.endedAt.getTime(), context.nowMs)}`,
        firstSeenAt: first.firstSeenAt.toISOString(),
        endedAt: first.endedAt.toISOString(),
        machines,
        happened: `Seen as ${cell} from ${dayWord(first.beganAt.getTime(), context.nowMs)} to ${dayWord(first.endedAt.getTime(), context.nowMs)}; since then ${first.endedAs ?? 'seen'}.`,
        evidence: [],
        affected: rows
          .slice(0, SHOWN_AFFECTED)
          .map((row) => ({ id: row.snapshot, takenAt: null, source: null, host: null, sizeBytes: null, packfiles: '', openable: 'no' as const })),
        affectedTotal: rows.length,
        nextStep: NEXT_STEP_SENTENCE.none,
        mend: null,
        decision: null,
        command: null,
        afterwards: null,
      },
    ];
  });
}

const REPAIRED: ReadonlySet<FindingFacts['kind']> = new Set<FindingFacts['kind']>([
  'lost',
  'phantom',
  'unreadable',
  'unreadable-state',
  'hidden-snapshot',
  'missing-packfile',
  'coloured-in-use',
  'merge-order-hazard',
  'lost-state',
  'ambiguous-snapshot',
]);

/** What the console can do about a finding. What heals by itself, and what lies on a machine alone, is not the console's to mend. */
function mendOf(kind: FindingFacts['kind']): FindingDto['mend'] {
  if (kind === 'stale-lock' || kind === 'damaged-lock') return 'locks';
  return REPAIRED.has(kind) ? 'repair' : kind === 'lost-delete' ? 'rm' : null;
}

/** Who decided to keep what the finding is about; the last one, where several did. */
function decisionOf({ decisions }: FindingContext, facts: FindingFacts): FindingDto['decision'] {
  if (facts.section !== 'decided') return null;
  const wanted = new Set(facts.snapshots);
  const last = decisions.findLast(({ machineId, snapshot }) => facts.machines.includes(machineId) && wanted.has(snapshot));
  return last === undefined ? null : { by: last.decidedBy, at: last.decidedAt.toISOString() };
}

/** Short and stable while the finding lasts: 8 hex digits of the hash of what it is about. */
export function idOfFinding(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}

function isCell(kind: string): kind is Cell {
  return (CELLS as readonly string[]).includes(kind);
}

function namesOf(context: FindingContext, ids: readonly string[]): { id: string; name: string }[] {
  return ids.map((id) => ({ id, name: context.machines.get(id)?.name ?? short(id) }));
}

function beganOf(context: FindingContext, facts: FindingFacts): number {
  if (facts.machines.length === 0) {
    const key = facts.key.slice(facts.kind.length + 1);
    const times = context.open.filter((row) => row.kind === facts.kind && (key === 'all' || row.key === key)).map((row) => row.firstSeenAt.getTime());
    return times.length === 0 ? context.nowMs : Math.min(...times);
  }
  const wanted = new Set(facts.snapshots);
  const times = context.history
    .filter((row) => row.endedAt === null && row.cell === facts.kind && facts.machines.includes(row.machineId) && wanted.has(row.snapshot))
    .map((row) => row.firstSeenAt.getTime());
  const reports = facts.machines.map((id) => context.machines.get(id)?.lastReportAt?.getTime()).filter((time) => time !== undefined);
  return times.length > 0 ? Math.min(...times) : (reports[0] ?? context.nowMs);
}

function affected(context: FindingContext, facts: FindingFacts, id: string): FindingDto['affected'][number] {
  const row = context.snapshots.get(id);
  const header = row === undefined ? null : context.headerOf(row);
  const openable =
    row?.availability === 'live' || row?.availability === 'hidden' || row?.availability === 'deleted'
      ? row.availability
      : row?.availability === 'unreadable' && header !== null
        ? 'hidden'
        : 'no';
  return {
    id,
    takenAt: header === null ? null : (row?.takenAt?.toISOString() ?? null),
    source: header === null ? null : `${header.sourceType}:${header.directoryText}`,
    host: header?.host ?? null,
    sizeBytes: header?.sizeBytes ?? null,
    packfiles: facts.kind === 'lost' ? 'gone' : openable === 'no' ? 'not known' : 'in the store',
    openable,
  };
}

function readEvidence(context: FindingContext): string {
  const at = context.store.lastReadAt;
  return at === null ? '' : `, read ${spanWord(context.nowMs - at.getTime())} ago`;
}

/** The words of findings that machines bring. */
function cellWords(context: FindingContext, facts: FindingFacts): Words {
  const names = namesOf(context, facts.machines).map(({ name }) => name);
  const who = listed(names);
  const lists = names.length === 1 ? 'lists' : 'list';
  const count = facts.snapshots.length;
  const snapshots = counted(count, 'snapshot');
  const machine = facts.machines.length === 1 ? context.machines.get(facts.machines[0] ?? '') : undefined;
  const reported = machine?.lastReportAt ? `, reported ${spanWord(context.nowMs - machine.lastReportAt.getTime())} ago` : '';
  const base = {
    subtitle: `${who} · ${snapshots}`,
    command: null,
    afterwards: null,
    nextStep: facts.nextStep === 'wait' && names.length > 1 ? 'They catch up at their next use of the store.' : NEXT_STEP_SENTENCE[facts.nextStep],
    evidence: [{ ok: true, sentence: `${who} ${lists} ${count === 1 ? 'it' : 'them'}${reported}.` }],
  };
  const noState = { ok: true, sentence: `No readable state of the store brings ${count === 1 ? 'it' : 'them'}${readEvidence(context)}.` };
  const packfiles = listed(facts.packfiles.map(short));
  switch (facts.kind as Cell) {
    case 'lost':
      return {
        ...base,
        title: `${snapshots} of ${who} ${count === 1 ? 'is' : 'are'} gone`,
        happened: `${who} recorded ${count === 1 ? 'it' : 'them'} in its own cache, and neither the state nor the packfile is in the store. The data cannot be restored from this store.`,
        evidence: [
          ...base.evidence,
          noState,
          {
            ok: true,
            sentence: `${facts.packfiles.length === 1 ? 'Packfile' : 'Packfiles'} ${packfiles || 'of the header'} ${facts.packfiles.length === 1 ? 'is' : 'are'} not among the ${counted(context.packfileCount, 'packfile')} of the store.`,
          },
        ],
        afterwards: `${who} drops the record when its cache is rebuilt.`,
      };
    case 'phantom':
      return {
        ...base,
        title: `${snapshots} ${count === 1 ? 'exists' : 'exist'} only on ${who}`,
        happened: `${who} recorded ${count === 1 ? 'it' : 'them'} in its own cache, but the state that announces ${count === 1 ? 'it' : 'them'} never reached the store, or was lost there. Every other machine, and a fresh one, does not list ${count === 1 ? 'it' : 'them'}. The data itself is in the store.`,
        evidence: [
          ...base.evidence,
          facts.states.length === 0
            ? noState
            : {
                ok: true,
                sentence: `${facts.states.length === 1 ? 'State' : 'States'} ${listed(facts.states.map(short))} ${facts.states.length === 1 ? 'is' : 'are'} not in the store${readEvidence(context)}.`,
              },
          {
            ok: true,
            sentence: `${facts.packfiles.length === 1 ? 'Packfile' : 'Packfiles'} ${packfiles} ${facts.packfiles.length === 1 ? 'is' : 'are'} in the store.`,
          },
          ...hiddenEvidence(context, facts),
        ],
        ...repairOf(context, machine),
        afterwards: `Every machine lists ${count === 1 ? 'it' : 'them'} at its next use of the store.`,
      };
    case 'unreadable':
      return {
        ...base,
        title: `Only ${who} still ${lists} ${snapshots} of a damaged state`,
        happened: `${facts.states.length === 1 ? 'State file' : 'State files'} ${listed(facts.states.map(short))} cannot be read. ${who} merged ${facts.states.length === 1 ? 'it' : 'them'} before the damage and still ${lists} ${count === 1 ? 'its snapshot' : 'the snapshots'}. Other snapshots are not touched.`,
        evidence: [...base.evidence, noState],
        afterwards: `Every machine lists ${count === 1 ? 'it' : 'them'} at its next use of the store.`,
      };
    case 'lost-delete':
      return {
        ...base,
        happened: `${who} holds ${count === 1 ? 'it' : 'them'} as deleted, but the deletion never reached the store: every other machine still lists ${count === 1 ? 'it' : 'them'}.`,
        evidence: [
          { ok: true, sentence: `${who} holds ${count === 1 ? 'it' : 'them'} as deleted${reported}.` },
          { ok: true, sentence: `The store lists ${count === 1 ? 'it' : 'them'}${readEvidence(context)}.` },
        ],
        ...(facts.section === 'decided'
          ? {
              title: `${who} deleted ${snapshots}, and ${count === 1 ? 'it is' : 'they are'} kept`,
              nextStep: 'Nothing has to be done. The decision can be taken back.',
              afterwards: `The store goes on listing ${count === 1 ? 'it' : 'them'}, and ${who} goes on not listing ${count === 1 ? 'it' : 'them'}.`,
            }
          : {
              title: `${who} deleted ${snapshots}, and the store never heard`,
              nextStep:
                count === 1
                  ? 'Delete it again, so that everybody stops listing it, or keep it.'
                  : 'Delete them again, so that everybody stops listing them, or keep them.',
              command: workCommand({ kind: 'rm', snapshots: [...facts.snapshots] }, { store: context.store }, false),
            }),
      };
    case 'mismatch':
      return {
        ...base,
        title: `The cache of ${who} is wrong`,
        happened: `${who} has read the ${facts.states.length === 1 ? 'state' : 'states'} of ${snapshots} but does not list ${count === 1 ? 'it' : 'them'}.`,
        evidence: [{ ok: true, sentence: `${who} has merged ${counted(facts.states.length, 'state')} that bring ${count === 1 ? 'it' : 'them'}${reported}.` }],
        afterwards: `${who} lists ${count === 1 ? 'it' : 'them'} when its cache has been rebuilt.`,
      };
    case 'stale-delete':
      return {
        ...base,
        title: `${names.length === 1 ? `${who} still lists` : `${counted(names.length, 'machine')} still list`} ${snapshots} that ${count === 1 ? 'was' : 'were'} deleted`,
        happened: `The store holds ${count === 1 ? 'it' : 'them'} as deleted. ${who} ${names.length === 1 ? 'has' : 'have'} not read that yet.`,
      };
    case 'behind':
      return {
        ...base,
        title: `${counted(names.length, 'machine')} ${names.length === 1 ? 'is' : 'are'} behind`,
        subtitle: names.length === 1 ? 'catches up by itself' : 'catch up by themselves',
        happened: `${who} ${names.length === 1 ? 'has' : 'have'} not read the newest states of the store yet.`,
        evidence: [],
      };
    default: {
      const last = machine?.lastReportAt ?? null;
      const age = last === null ? null : spanWord(context.nowMs - last.getTime());
      return {
        ...base,
        title: age === null ? `${who} never reported` : `${who} has not reported for ${age}`,
        subtitle: count === 0 ? who : `${who} · ${snapshots}`,
        happened:
          age === null
            ? 'No agent of this machine has told anything about this store.'
            : `Its last report came ${age} ago. What was published since is unknown there, and what it knew may have changed.`,
        evidence: [
          { ok: true, sentence: last === null ? 'No report was received.' : `The last report was received on ${dayWord(last.getTime(), context.nowMs)}.` },
        ],
      };
    }
  }
}

/** What the store alone says of a phantom: the header lies there, and no state names it. */
function hiddenEvidence(context: FindingContext, { hidden, snapshots }: FindingFacts): { ok: boolean; sentence: string }[] {
  if (hidden.length === 0) return [];
  const which =
    hidden.length === snapshots.length ? (hidden.length === 1 ? 'Its header' : 'Their headers') : `The headers of ${listed(hidden.map(({ id }) => short(id)))}`;
  const places = listed([...new Set(hidden.map(({ packfile }) => short(packfile)))]);
  const lock = hidden.find((snapshot) => snapshot.lock !== null)?.lock;
  return [
    {
      ok: true,
      sentence: `${which} ${which === 'Its header' ? 'lies' : 'lie'} in packfile ${places}, which no state of the store names: seen in the store itself, without any machine${readEvidence(context)}.`,
    },
    ...(lock ? [{ ok: true, sentence: `A backup may be running on ${lock.host}: its lock bears the id.` }] : []),
  ];
}

/**
 * plakar 1.0 rebuilds the lost state from the machine's own cache. plakar 1.1 looks into a cache that it no longer fills and finds nothing,
 * so its command is not offered on a store that 1.1 writes.
 */
function repairOf(context: FindingContext, machine: MachineStoreRow | undefined): Pick<Words, 'nextStep' | 'command'> {
  const nextStep = NEXT_STEP_SENTENCE['publish-state'];
  if (context.store.line === '1.1') return { nextStep: `${nextStep} The repair of plakar 1.1 misses this case: it says that none is needed.`, command: null };
  if (machine === undefined || !toolOf(machine.facts).includes('plakar 1.0')) return { nextStep, command: null };
  const name = context.machines.get(machine.machineId)?.name ?? 'that machine';
  return {
    nextStep: `${nextStep} plakar 1.0 can do it too, on ${name} only: its own cache holds what was lost.`,
    command: `plakar at ${context.store.location} repair -apply`,
  };
}

/** "14622 s ago" reads "4 h ago". */
function roughAges(text: string): string {
  return text.replace(/\b(\d+) s ago\b/g, (_, seconds: string) => `${spanWord(Number(seconds) * 1000)} ago`);
}

/** The words of the store's own findings. */
function storeWords(context: FindingContext, facts: FindingFacts): Words {
  const id = facts.key.slice(facts.kind.length + 1);
  const count = facts.snapshots.length;
  const seen = { ok: true, sentence: `Seen in the store itself${readEvidence(context)}.` };
  const base = {
    subtitle: count === 0 ? 'the store' : `the store · ${counted(count, 'snapshot')}`,
    evidence: [seen],
    nextStep: NEXT_STEP_SENTENCE.none as string,
    command: null,
    afterwards: null,
  };
  const lines = facts.detail.split('\n');
  switch (facts.kind) {
    case 'unreadable-state':
      return {
        ...base,
        title: `State file ${short(id)} is damaged`,
        happened: `${facts.detail} ${count === 0 ? 'Which snapshots only it brings is not known.' : `It brings ${counted(count, 'snapshot')} that no other state brings.`} All others are listed and are not touched.`,
        nextStep: NEXT_STEP_SENTENCE['rebuild-state'],
        command: `wardrobe at ${context.store.location} states`,
      };
    case 'hidden-snapshot':
      return {
        ...base,
        title: `1 hidden snapshot in packfile ${short(facts.packfiles[0] ?? '')}`,
        subtitle: `the store · ${short(id)}`,
        happened:
          `The header of snapshot ${short(id)} lies in a packfile that no state of the store names: its state was lost, or its backup did not end. ${facts.detail}`.trim(),
        nextStep:
          facts.nextStep === 'wait'
            ? 'Wait: a backup may be running.'
            : 'Look at it, then publish its state or let it go. It can be opened and downloaded from here.',
        command: `wardrobe at ${context.store.location} hidden`,
      };
    case 'missing-packfile':
      return {
        ...base,
        title: `Packfile ${short(id)} is missing`,
        happened: `The states name packfile ${short(id)}, and the store does not hold it. ${count === 0 ? 'Which files it holds shows only in a check.' : `${counted(count, 'snapshot')} cannot be opened without it.`}`,
        nextStep: 'Run a check to see which files are hit, and back them up again while they exist.',
        command: `wardrobe at ${context.store.location} check`,
      };
    case 'unreadable-packfile':
      return {
        ...base,
        title: `Packfile ${short(id)} cannot be read`,
        happened: `No state names packfile ${short(id)}, and its own index cannot be read: ${facts.detail}. If a hidden snapshot lies in it, it is not listed.`,
        nextStep: 'Put the packfile back from a copy of the store, or let it go when nothing is missed.',
        command: `wardrobe at ${context.store.location} hidden`,
      };
    case 'coloured-in-use':
      return {
        ...base,
        title: `Snapshot ${short(facts.snapshots[0] ?? id)} is scheduled for deletion`,
        happened: `Its packfile ${short(id)} is marked for deletion by a maintenance, and the snapshot is still listed. It can be read until the packfile is swept.`,
        nextStep: 'Restore what is needed from it soon, or back it up again.',
      };
    case 'merge-order-hazard':
      return {
        ...base,
        title: 'The list of snapshots depends on the order of merging',
        happened: facts.detail,
        nextStep: 'This console shows the stricter view. Other machines may list more until they rebuild their caches.',
      };
    case 'foreign-file': {
      const misplaced = lines.filter((line) => line.includes('wrong folder')).length;
      const named = lines.map((line) => line.replace(/ belongs to no store$| lies in the wrong folder.*$/, ''));
      return {
        ...base,
        title:
          misplaced > 0
            ? `${counted(lines.length, 'file')} ${lines.length === 1 ? 'lies' : 'lie'} where plakar does not look`
            : `${counted(lines.length, 'file')} ${lines.length === 1 ? 'belongs' : 'belong'} to no store`,
        happened: `${misplaced > 0 ? `${figure(misplaced)} of them ${misplaced === 1 ? 'lies' : 'lie'} in the wrong folder` : 'Left behind or put there by another program'}: ${listed(named, 5)}.`,
        nextStep:
          misplaced > 0
            ? 'Wardrobe reads misplaced files from where they lie; plakar does not find them. Move them to the folder named by the first two digits of their names.'
            : 'Nothing depends on them. Remove them when you know where they come from.',
      };
    }
    case 'stale-lock':
      return {
        ...base,
        title: `${counted(lines.length, 'lock')} ${lines.length === 1 ? 'was' : 'were'} left behind`,
        happened: `${listed(lines.map(roughAges), 5)}. plakar often leaves its lock when it ends; it takes no notice of old ones.`,
        nextStep: 'Nothing has to be done. They can be removed.',
        command: `wardrobe at ${context.store.location} locks`,
      };
    case 'damaged-lock':
      return {
        ...base,
        title: `Lock ${short(id)} cannot be read`,
        happened: `${facts.detail.replace(/\.?$/, '.')} A lock that cannot be read may be anybody’s: it counts as fresh, and maintenance and repair wait for it.`,
        nextStep: 'Remove it when no backup is running.',
        command: `wardrobe at ${context.store.location} locks`,
      };
    case 'clock-skew':
      return {
        ...base,
        title: 'A clock is wrong',
        happened: `${facts.detail.charAt(0).toUpperCase()}${facts.detail.slice(1)}.`,
        nextStep: 'Set the clock of the machine that wrote it.',
      };
    case 'ambiguous-snapshot':
      return {
        ...base,
        title: `Snapshot ${short(id)} is stored ${figure(2)} times or more`,
        happened: `${facts.detail.charAt(0).toUpperCase()}${facts.detail.slice(1)}.`,
        nextStep: 'It can be read here. plakar 1.1 reads it too.',
      };
    default:
      return { ...base, title: `State ${short(id)} never reached the store`, happened: facts.detail, nextStep: NEXT_STEP_SENTENCE['publish-state'] };
  }
}
