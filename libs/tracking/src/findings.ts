import { CELL_SEVERITY, type Cell, isDivergent, NEXT_STEP_OF_CELL, type NextStepKind, type StoreFindingKind } from '@wardrobe/words';
import type { Cause, CellResult, MachineResult, RemoteView } from './types.js';

export type FindingSection = 'decision' | 'unknown' | 'heals' | 'decided';

/** One thing to know or decide, with the facts from which its page is written. */
export type FindingFacts = {
  /** Stable while the finding lasts: kind and what it is about, never a counter. */
  readonly key: string;
  readonly kind: Cell | StoreFindingKind;
  readonly section: FindingSection;
  readonly machines: readonly string[];
  readonly snapshots: readonly string[];
  readonly states: readonly string[];
  readonly packfiles: readonly string[];
  /** Cause of the first cell, which stands for all of the finding; null for findings of the store. */
  readonly cause: Cause | null;
  readonly detail: string;
  readonly nextStep: NextStepKind;
  /** Of a phantom: what the store alone says of its snapshots. */
  readonly hidden: RemoteView['hidden'];
};

export type FindingOptions = {
  /** Whether somebody decided what becomes of a cell: its finding is told, and asks no more. */
  readonly isDecided?: (machine: string, snapshot: string) => boolean;
};

/** Findings of the store that only inform, and call for no decision. */
const HARMLESS: ReadonlySet<StoreFindingKind> = new Set(['foreign-file', 'stale-lock']);

/**
 * All findings, worst first: divergent cells grouped by kind and by the set of machines, then the store's own, then unknown machines, then what heals by itself.
 * A damaged or hidden state is a finding of the store, once, and not one a machine.
 */
export function findingsOf(remote: RemoteView, results: readonly MachineResult[], options: FindingOptions = {}): readonly FindingFacts[] {
  const cells = cellFindings(results, options).map((facts) => withHidden(facts, remote));
  const told = new Set(cells.flatMap(({ hidden }) => hidden.map(({ id }) => id)));
  return [...cells, ...storeFindings({ ...remote, hidden: remote.hidden.filter(({ id }) => !told.has(id)) })].sort(compareFindings);
}

/** A snapshot that one machine lists and whose header lies in an orphan is one thing, seen twice: the orphan supports the phantom. */
function withHidden(facts: FindingFacts, remote: RemoteView): FindingFacts {
  if (facts.kind !== 'phantom') return facts;
  const own = new Set(facts.snapshots);
  const hidden = remote.hidden.filter(({ id }) => own.has(id));
  const packfiles = new Set([...facts.packfiles, ...hidden.map(({ packfile }) => packfile)]);
  return { ...facts, hidden, packfiles: [...packfiles].sort() };
}

type Bucket = { kind: Cell; machine: string; cells: CellResult[]; isDecided: boolean };

type Merged = Omit<Bucket, 'machine'> & { machines: string[] };

function cellFindings(results: readonly MachineResult[], options: FindingOptions): FindingFacts[] {
  const merged = new Map<string, Merged>();
  for (const result of results) {
    for (const bucket of bucketsOf(result, options)) {
      const key =
        bucket.kind === 'behind' || bucket.kind === 'unknown'
          ? bucket.kind + bucketKey(bucket)
          : `${bucket.kind}:${bucket.isDecided}:${bucket.cells.map((cell) => cell.snapshot).join(',')}`;
      const known = merged.get(key);
      if (known) known.machines.push(bucket.machine);
      else merged.set(key, { kind: bucket.kind, machines: [bucket.machine], cells: bucket.cells, isDecided: bucket.isDecided });
    }
  }
  return [...merged.values()].map(toFacts);
}

/** Machines that are behind heal alike, so they share one finding; each unknown machine is its own. */
function bucketKey(bucket: Bucket): string {
  return bucket.kind === 'behind' ? '' : `:${bucket.machine}`;
}

function bucketsOf({ machine, verdict, exceptions }: MachineResult, options: FindingOptions): Bucket[] {
  const buckets = new Map<string, Bucket>();
  for (const cell of exceptions) {
    if (cell.cell === 'unknown' && verdict !== 'unknown') continue;
    const isDecided = cell.cell === 'lost-delete' && options.isDecided?.(machine, cell.snapshot) === true;
    const key = `${cell.cell}${isDecided ? ' decided' : ''}`;
    const bucket = buckets.get(key);
    if (bucket) bucket.cells.push(cell);
    else buckets.set(key, { kind: cell.cell, machine, cells: [cell], isDecided });
  }
  if (verdict === 'unknown' && !buckets.has('unknown')) buckets.set('unknown', { kind: 'unknown', machine, cells: [], isDecided: false });
  return [...buckets.values()];
}

function toFacts({ kind, machines, cells, isDecided }: Merged): FindingFacts {
  const states = new Set<string>();
  const packfiles = new Set<string>();
  for (const { cause } of cells) {
    if ('states' in cause) for (const state of cause.states) states.add(state);
    if ('packfiles' in cause) for (const packfile of cause.packfiles) packfiles.add(packfile);
  }
  const about = kind === 'behind' ? 'all' : kind === 'unknown' ? (machines[0] ?? '') : `${cells[0]?.snapshot ?? ''}:${cells.length}:${machines[0] ?? ''}`;
  return {
    key: `${kind}:${about}`,
    kind,
    section: isDecided ? 'decided' : isDivergent(kind) ? 'decision' : kind === 'unknown' ? 'unknown' : 'heals',
    machines: [...machines].sort(),
    snapshots: [...new Set(cells.map((cell) => cell.snapshot))],
    states: [...states].sort(),
    packfiles: [...packfiles].sort(),
    cause: cells[0]?.cause ?? null,
    detail: '',
    nextStep: isDecided ? 'none' : NEXT_STEP_OF_CELL[kind],
    hidden: [],
  };
}

function storeFindings(remote: RemoteView): FindingFacts[] {
  const own: FindingFacts[] = remote.findings.map((finding) => ({
    key: `${finding.kind}:${finding.id}`,
    kind: finding.kind,
    section: HARMLESS.has(finding.kind) ? 'heals' : 'decision',
    machines: [],
    snapshots: finding.snapshots,
    states: finding.kind === 'unreadable-state' ? [finding.id] : [],
    packfiles: [],
    cause: null,
    detail: finding.detail,
    nextStep: finding.kind === 'unreadable-state' ? 'rebuild-state' : 'none',
    hidden: [],
  }));
  const hidden: FindingFacts[] = remote.hidden.map((snapshot) => ({
    key: `hidden-snapshot:${snapshot.id}`,
    kind: 'hidden-snapshot',
    section: snapshot.lock === null ? 'decision' : 'heals',
    machines: [],
    snapshots: [snapshot.id],
    states: [],
    packfiles: [snapshot.packfile],
    cause: null,
    detail: snapshot.lock === null ? '' : `A backup may be running on ${snapshot.lock.host}.`,
    nextStep: snapshot.lock === null ? 'publish-state' : 'wait',
    hidden: [],
  }));
  return [...own, ...hidden];
}

const SECTIONS: readonly FindingSection[] = ['decision', 'unknown', 'heals', 'decided'];

function compareFindings(a: FindingFacts, b: FindingFacts): number {
  return SECTIONS.indexOf(a.section) - SECTIONS.indexOf(b.section) || rankOf(b.kind) - rankOf(a.kind) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

/** Findings of the store stand beside `unreadable`. */
function rankOf(kind: Cell | StoreFindingKind): number {
  return kind in CELL_SEVERITY ? CELL_SEVERITY[kind as Cell] : CELL_SEVERITY.unreadable - 0.5;
}
