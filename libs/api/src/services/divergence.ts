import type { DivergencePageDto, FindingDto, LaneDto } from '@wardrobe/contracts';
import { idsOfSnapshots, listDivergences, listFindings, listMachines, loadRemote, type SnapshotRow, snapshotsByNums, type StoreRow } from '@wardrobe/db';
import { type FindingFacts, findingsOf, type MachineResult, type RemoteView } from '@wardrobe/tracking';
import { CELLS, type Cell, counted, figure, isDivergent, listed, spanWord, STORE_FINDINGS } from '@wardrobe/words';
import type { Deps } from './deps.js';
import { findingDto, type FindingContext, idOfFinding, mendedFinding, SHOWN_AFFECTED } from './finding-words.js';
import { headerOf } from './headers.js';
import { statesOf } from './machine-rows.js';
import { type MatrixModel, type ModelRow, resultOf } from './matrix-model.js';

const SHOWN_LANES = 12;
const SHOWN_EVENTS = 40;
const SHOWN_FINDINGS = 200;
const MENDED_MS = 30 * 86_400_000;

/** Findings and lanes of one store: everything from kept rows, nothing is read from the store. */
export async function divergencePage(deps: Deps, store: StoreRow, model: MatrixModel): Promise<DivergencePageDto> {
  const nowMs = deps.clock.nowMs();
  const active = activeOf(model);
  const context = await findingContext(deps, store, active);
  const facts = await openFacts(deps, store, active);
  const mended = (await listDivergences(deps.db, store.id, { endedAfter: new Date(nowMs - MENDED_MS) })).filter(({ endedAt }) => endedAt !== null);
  const findings = [...facts.map((item) => findingDto(context, item)), ...mendedFinding(context, mended)];
  const { lanes, folded } = lanesOf(active, findings);
  return {
    ...pageSentence(findings, active.rows),
    readAt: store.lastReadAt?.toISOString() ?? null,
    ticks: ticksOf(active, lanes),
    commonBefore: active.rows.reduce((first, row) => Math.min(first, row.columns[0] ?? Number.POSITIVE_INFINITY, row.encoded.watermark), active.nums.length),
    columns: active.nums.length,
    lanes,
    foldedLanes: folded,
    findings,
  };
}

/** One open finding by its id, with everything that it is about. */
export async function openFinding(
  deps: Deps,
  { store, model, findingId }: { readonly store: StoreRow; readonly model: MatrixModel; readonly findingId: string },
): Promise<{ title: string; snapshots: readonly string[] } | null> {
  const found = await factsOfFinding(deps, { store, model, findingId });
  return found === null ? null : { title: findingDto(await findingContext(deps, store, activeOf(model)), found).title, snapshots: found.snapshots };
}

export async function factsOfFinding(
  deps: Deps,
  { store, model, findingId }: { readonly store: StoreRow; readonly model: MatrixModel; readonly findingId: string },
): Promise<FindingFacts | null> {
  return (await openFacts(deps, store, activeOf(model))).find(({ key }) => idOfFinding(key) === findingId) ?? null;
}

function activeOf(model: MatrixModel): MatrixModel {
  return { ...model, rows: model.rows.filter(({ machine }) => machine.retiredAt === null) };
}

async function openFacts(deps: Deps, store: StoreRow, active: MatrixModel): Promise<FindingFacts[]> {
  const ids = await idsOfSnapshots(deps.db, store.id);
  const results = active.rows.map((row) => resultOf(active, row, (num) => ids.get(num) ?? ''));
  const remote = await remoteOfFindings(deps, store);
  const fromMachines = [...lostStateFindings(active.rows, results), ...(await clockFindings(deps, active.rows))];
  const decided = new Set(active.decisions.map(({ machineId, snapshot }) => `${machineId} ${snapshot}`));
  const isDecided = (machine: string, snapshot: string): boolean => decided.has(`${machine} ${snapshot}`);
  return foldLeftovers(findingsOf({ ...remote, findings: [...remote.findings, ...fromMachines] }, results, { isDecided })).slice(0, SHOWN_FINDINGS);
}

async function findingContext(deps: Deps, store: StoreRow, model: MatrixModel): Promise<FindingContext> {
  const [open, history, remote] = await Promise.all([listFindings(deps.db, store.id), listDivergences(deps.db, store.id), loadRemote(deps.db, store.id)]);
  const named = new Set<number>();
  for (const row of model.rows) {
    let others = 0;
    for (const [index, column] of row.columns.entries()) {
      const cell = CELLS[row.cells[index] ?? 0] ?? 'none';
      // Of what heals by itself only as many as a finding lists.
      if (isDivergent(cell) || (cell !== 'unknown' && others++ < SHOWN_AFFECTED)) named.add(model.nums[column] ?? 0);
    }
  }
  for (const [column, kind] of model.availability.entries()) if (kind === 'hidden' || kind === 'unreadable') named.add(model.nums[column] ?? 0);
  const snapshots = new Map<string, SnapshotRow>();
  for (const row of await snapshotsByNums(deps.db, store.id, Int32Array.from(named))) snapshots.set(row.id, row);
  return {
    store,
    nowMs: deps.clock.nowMs(),
    history,
    open,
    snapshots,
    machines: new Map(model.rows.map((row) => [row.machine.machineId, row.machine])),
    decisions: model.decisions,
    packfileCount: remote === null ? 0 : remote.packfiles.length / 32,
    headerOf: (row) => headerOf(deps, store, row),
  };
}

/** The store's own findings as the last reading left them, in the shape of the tracking library. */
async function remoteOfFindings(deps: Deps, store: StoreRow): Promise<RemoteView> {
  const open = await listFindings(deps.db, store.id);
  const hidden = open.filter(({ kind }) => kind === 'hidden-snapshot');
  return {
    repositoryId: store.repositoryId,
    readAtMs: store.lastReadAt?.getTime() ?? 0,
    states: new Set(),
    unreadable: new Set(),
    live: new Map(),
    deleted: new Map(),
    packfiles: new Set(),
    tombstoned: new Set(),
    hidden: hidden.map(({ key, detail, firstSeenAt, facts }) => ({ id: key, packfile: detail, packedAtMs: firstSeenAt.getTime(), lock: lockOf(facts) })),
    findings: open.flatMap(({ kind, key, detail, snapshots }) => {
      const known = STORE_FINDINGS.find((name) => name === kind);
      return known === undefined || known === 'hidden-snapshot' ? [] : [{ kind: known, id: key, detail, snapshots }];
    }),
  };
}

/** Lost states that machines know and that bring no snapshot of a phantom: their packfiles are in the store for nothing, or gone. */
function lostStateFindings(rows: readonly ModelRow[], results: readonly MachineResult[]): RemoteView['findings'] {
  const told = new Set(results.flatMap(({ exceptions }) => exceptions.flatMap(({ cause }) => statesOf(cause))));
  const lost = new Map<string, { names: string[]; present: number; packfiles: number }>();
  for (const { machine } of rows) {
    for (const { state, packfiles, present } of lostStatesOf(machine.facts)) {
      if (told.has(state)) continue;
      const known = lost.get(state) ?? { names: [], packfiles, present };
      lost.set(state, { ...known, names: [...known.names, machine.name] });
    }
  }
  return [...lost].map(([id, { names, packfiles, present }]) => ({
    kind: 'lost-state' as const,
    id,
    snapshots: [],
    detail: `${listed(names)} merged a state that the store does not have. It brought ${counted(packfiles, 'packfile')} that no other state names; ${figure(present)} of them ${present === 1 ? 'is' : 'are'} in the store.`,
  }));
}

/** As computing.ts wrote them. */
function lostStatesOf(facts: unknown): { state: string; packfiles: number; present: number }[] {
  if (typeof facts !== 'object' || facts === null || !('lostStates' in facts) || !Array.isArray(facts.lostStates)) return [];
  return facts.lostStates.flatMap((item: unknown) => {
    if (typeof item !== 'object' || item === null || !('state' in item) || typeof item.state !== 'string' || !('packfiles' in item) || !('present' in item))
      return [];
    return [
      {
        state: item.state,
        packfiles: Array.isArray(item.packfiles) ? item.packfiles.length : 0,
        present: Array.isArray(item.present) ? item.present.length : 0,
      },
    ];
  });
}

/** Clocks further apart than this are a finding (design). */
const CLOCK_SKEW_MS = 300_000;

async function clockFindings(deps: Deps, rows: readonly ModelRow[]): Promise<RemoteView['findings']> {
  const shown = new Set(rows.map(({ machine }) => machine.machineId));
  return (await listMachines(deps.db)).flatMap(({ id, name, clockSkewMs }) => {
    if (clockSkewMs === null || Math.abs(clockSkewMs) <= CLOCK_SKEW_MS || !shown.has(id)) return [];
    return [
      {
        kind: 'clock-skew' as const,
        id,
        snapshots: [],
        detail: `the clock of ${name} is ${spanWord(Math.abs(clockSkewMs))} ${clockSkewMs > 0 ? 'ahead of' : 'behind'} the console's`,
      },
    ];
  });
}

function lockOf(facts: unknown): { host: string; ageSeconds: number } | null {
  if (typeof facts !== 'object' || facts === null || !('lock' in facts) || typeof facts.lock !== 'object' || facts.lock === null) return null;
  const { lock } = facts;
  return 'host' in lock && typeof lock.host === 'string' && 'ageSeconds' in lock && typeof lock.ageSeconds === 'number'
    ? { host: lock.host, ageSeconds: lock.ageSeconds }
    : null;
}

/** Leftovers (locks, foreign files) are one finding a kind: a hundred of them call for one look. */
function foldLeftovers(facts: readonly FindingFacts[]): FindingFacts[] {
  const folded = new Map<string, FindingFacts>();
  for (const item of facts) {
    const isLeftover = item.kind === 'foreign-file' || item.kind === 'stale-lock';
    const key = isLeftover ? `${item.kind}:all` : item.key;
    const known = folded.get(key);
    folded.set(key, known === undefined ? { ...item, key } : { ...known, detail: `${known.detail}\n${item.detail}` });
  }
  return [...folded.values()];
}

function pageSentence(findings: readonly FindingDto[], rows: readonly ModelRow[]): { sentence: string; detail: string } {
  const decisions = findings.filter(({ section }) => section === 'decision').length;
  const unknown = rows.filter(({ verdict }) => verdict === 'unknown').length;
  const behind = rows.filter(({ verdict }) => verdict === 'behind').length;
  const detail: string[] = [];
  if (unknown > 0) detail.push(`${counted(unknown, 'machine')} ${unknown === 1 ? 'is' : 'are'} unknown.`);
  if (behind > 0)
    detail.push(`${counted(behind, 'machine')} ${behind === 1 ? 'is behind and catches up by itself' : 'are behind and catch up by themselves'}.`);
  const agree = rows.length - unknown - behind - rows.filter(({ verdict }) => verdict === 'diverged').length;
  if (agree > 0) detail.push(`${counted(agree, 'machine')} ${agree === 1 ? 'agrees' : 'agree'} with the store.`);
  if (rows.length === 0) detail.push('No machine has reported yet.');
  const sentence = decisions === 0 ? 'Nothing needs a decision.' : `${counted(decisions, 'finding')} ${decisions === 1 ? 'needs' : 'need'} a decision.`;
  return { sentence, detail: detail.join(' ') };
}

/** One lane per group of equal machines: those in sync first, then worst first; more than twelve fold. */
function lanesOf(model: MatrixModel, findings: readonly FindingDto[]): { lanes: LaneDto[]; folded: number } {
  const groups = new Map<number, ModelRow[]>();
  for (const row of model.rows) groups.set(row.group, [...(groups.get(row.group) ?? []), row]);
  const all = [...groups.values()].map((rows) => laneOf(model, rows, findings)).filter((lane) => lane !== null);
  const ordered = [...all.filter(({ verdict }) => verdict === 'in-sync'), ...all.filter(({ verdict }) => verdict !== 'in-sync')];
  return { lanes: ordered.slice(0, SHOWN_LANES), folded: Math.max(0, ordered.length - SHOWN_LANES) };
}

function laneOf(model: MatrixModel, rows: readonly ModelRow[], findings: readonly FindingDto[]): LaneDto | null {
  const first = rows[0];
  if (first === undefined) return null;
  const after = CELLS[first.encoded.after] ?? 'seen';
  return {
    digest: first.machine.digest,
    machines: rows.map(({ machine }) => ({ id: machine.machineId, name: machine.name })),
    verdict: first.verdict,
    label: rows.length === 1 ? first.machine.name : `${figure(rows.length)} machines`,
    events: eventsOf(model, first, findings),
    tail: first.encoded.watermark < model.nums.length && after !== 'seen' ? { from: first.encoded.watermark, cell: after } : null,
    summary: CELLS.filter((cell) => cell !== 'none' && cell !== 'seen' && first.counts[cell] > 0)
      .map((cell) => ({ cell, count: first.counts[cell] }))
      .reverse(),
  };
}

function eventsOf(model: MatrixModel, row: ModelRow, findings: readonly FindingDto[]): LaneDto['events'] {
  const events: LaneDto['events'] = [];
  for (const [first, count, code] of row.encoded.exceptions) {
    const cell = CELLS[code] ?? 'none';
    if (cell === 'none' || cell === 'seen') continue;
    const finding = findings.find(({ kind, machines }) => kind === cell && machines.some(({ id }) => id === row.machine.machineId));
    events.push({ column: first, at: new Date((model.seconds[first] ?? 0) * 1000).toISOString(), cell, count, finding: finding?.id ?? null });
  }
  return events
    .sort((a, b) => severity(b.cell) - severity(a.cell))
    .slice(0, SHOWN_EVENTS)
    .sort((a, b) => a.column - b.column);
}

function severity(cell: Cell): number {
  return CELLS.indexOf(cell);
}

function ticksOf(model: MatrixModel, lanes: readonly LaneDto[]): DivergencePageDto['ticks'] {
  const columns = new Set<number>();
  for (const lane of lanes) {
    for (const event of lane.events) columns.add(event.column);
    if (lane.tail) columns.add(lane.tail.from);
  }
  return [...columns]
    .sort((a, b) => a - b)
    .slice(0, SHOWN_EVENTS)
    .map((column) => ({ column, at: model.seconds[column] === undefined ? null : new Date((model.seconds[column] ?? 0) * 1000).toISOString() }));
}
