import type { CellStoryDto, MachineDetailDto, MachinesPageDto, MatrixColumnDto } from '@wardrobe/contracts';
import {
  cellHistory,
  type CellSpell,
  type ColumnHead,
  columnHeads,
  getMachine,
  getSnapshots,
  getStore,
  idsOfSnapshots,
  listDivergences,
  loadSightingHeads,
  mergeMachines,
  openLags,
  renameMachine,
  retireMachine,
  type SnapshotRow,
  storeCounts,
  storesOfMachine,
  type StoreRow,
} from '@wardrobe/db';
import { CELLS, cellSentence, dayWord, NEXT_STEP_SENTENCE, nextStepOf, VERDICTS } from '@wardrobe/words';
import { ApiError, notFound } from '../errors/api-error.js';
import { computeStore } from './computing.js';
import { audit, type Deps, now } from './deps.js';
import { decideFinding } from './decisions.js';
import { divergencePage, openFinding } from './divergence.js';
import { headerOf } from './headers.js';
import { machineRowDto } from './machine-rows.js';
import { causeAt, type LoadedMatrix, loadMatrix, type MatrixModel, type ModelRow, needsDecision } from './matrix-model.js';
import { machinesDetail, machinesSentence, seriousFindings, storeFindingsSentence, type VerdictCounts } from './sentences.js';
import type { CellDto, TrackingService } from './types.js';

const MAX_COLUMNS = 20_000;

export interface Tracking extends TrackingService {
  /** The matrix of a store as it is now; kept while nothing changed. */
  model(storeId: string, retired?: boolean): Promise<{ store: StoreRow; model: MatrixModel }>;
  /** What an open finding is about, all its snapshots included; null when it is not open. */
  finding(storeId: string, findingId: string): Promise<{ title: string; snapshots: readonly string[] } | null>;
}

export function createTracking(deps: Deps): Tracking {
  const { db } = deps;
  const kept = new Map<string, LoadedMatrix & { readonly minute: number }>();

  async function model(storeId: string, retired = false): Promise<{ store: StoreRow; model: MatrixModel }> {
    const store = await requiredStore(deps, storeId);
    const key = `${storeId} ${retired}`;
    const nowMs = deps.clock.nowMs();
    // A verdict may turn to unknown as time goes by, without a change of the store.
    const minute = Math.floor(nowMs / 60_000);
    const known = kept.get(key);
    if (known?.model.revision === store.revision && known.minute === minute) return { store, model: known.model };
    const { revision, columnsRevision } = store;
    const limitMs = store.unknownAfterHours * 3_600_000;
    const loaded = await loadMatrix(db, { storeId, revision, columnsRevision, retired, nowMs, limitMs }, known?.source);
    kept.set(key, { minute, ...loaded });
    return { store, model: loaded.model };
  }

  async function changed(machineId: string): Promise<void> {
    const at = now(deps).toISOString();
    for (const store of await storesOfMachine(db, machineId)) {
      await computeStore(deps, store);
      deps.bus.publish({ kind: 'report', storeId: store.id, at, job: null });
    }
  }

  async function requiredMachine(machineId: string): Promise<string> {
    const machine = isUuid(machineId) ? await getMachine(db, machineId) : null;
    if (machine === null) throw notFound('This machine');
    return machine.name;
  }

  return {
    model,
    async machines({ storeId, retired }) {
      const { store, model: matrix } = await model(storeId, retired);
      return machinesPage(deps, store, matrix);
    },
    async machine({ storeId, machineId }) {
      const { store, model: matrix } = await model(storeId, true);
      const row = matrix.rows.find(({ machine }) => machine.machineId === machineId);
      if (row === undefined) throw notFound('This machine');
      return machineDetail(deps, store, { matrix, row });
    },
    async rename(actor, { machineId, name }) {
      const before = await requiredMachine(machineId);
      await renameMachine(db, machineId, name);
      await audit(deps, actor, { what: 'renamed a machine', about: `${before} to ${name}` });
      await changed(machineId);
    },
    async retire(actor, { machineId, retired }) {
      const name = await requiredMachine(machineId);
      await retireMachine(db, machineId, retired ? now(deps) : null);
      await audit(deps, actor, { what: retired ? 'retired a machine' : 'took a machine back', about: name });
      await changed(machineId);
    },
    async merge(actor, { from, into }) {
      const [one, other] = [await requiredMachine(from), await requiredMachine(into)];
      if (from === into) throw new ApiError('invalid-input', 'A machine cannot be merged into itself.', 'Choose another one.');
      await mergeMachines(db, from, into);
      await audit(deps, actor, { what: 'merged a machine', about: `${one} into ${other}` });
      await changed(into);
    },
    async columns({ storeId, from, to }) {
      const { store, model: matrix } = await model(storeId);
      const nums = matrix.nums.subarray(from, Math.min(to, from + MAX_COLUMNS));
      const heads = new Map((await columnHeads(db, storeId, nums)).map((head) => [head.num, head]));
      return [...nums].map((num): MatrixColumnDto => columnDto(deps, store, heads.get(num)));
    },
    async cell({ storeId, machineId, snapshotId }) {
      const { store, model: matrix } = await model(storeId, true);
      const row = matrix.rows.find(({ machine }) => machine.machineId === machineId);
      const snapshot = (await getSnapshots(db, storeId, [snapshotId]))[0];
      if (row === undefined || snapshot === undefined) throw notFound('This cell');
      const column = matrix.columnOf.get(snapshot.num);
      const index = column === undefined ? -1 : row.columns.indexOf(column);
      const spells = await cellHistory(db, storeId, { machineId, num: snapshot.num });
      const since = spells.find(({ endedAt }) => endedAt === null)?.beganAt ?? null;
      const cell = withDecision(deps, matrix, { cell: cellDto(deps, store, { row, index, snapshot, since }), machineId });
      return { ...cell, spells: spells.flatMap(spellDto) };
    },
    async divergence(storeId) {
      const { store, model: matrix } = await model(storeId);
      return divergencePage(deps, store, matrix);
    },
    async keep(actor, { storeId, findingId, keep }) {
      const { store, model: matrix } = await model(storeId);
      await decideFinding(deps, { store, model: matrix, findingId, actor, keep });
      deps.bus.publish({ kind: 'store', storeId, at: now(deps).toISOString(), job: null });
    },
    async finding(storeId, findingId) {
      const { store, model: matrix } = await model(storeId);
      return openFinding(deps, { store, model: matrix, findingId });
    },
  };
}

export async function requiredStore(deps: Pick<Deps, 'db'>, storeId: string): Promise<StoreRow> {
  const store = /^\d{1,18}$/.test(storeId) ? await getStore(deps.db, storeId) : null;
  if (store === null) throw notFound('This store');
  return store;
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

async function machinesPage(deps: Deps, store: StoreRow, matrix: MatrixModel): Promise<MachinesPageDto> {
  const found = (await storeCounts(deps.db, store.id))[0];
  const active = matrix.rows.filter(({ machine }) => machine.retiredAt === null);
  const verdicts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, active.filter((row) => row.verdict === verdict).length])) as VerdictCounts;
  // Leftovers of plakar call for no look: they stand on the divergence page only.
  const findings = seriousFindings(found?.findings ?? []);
  const total = findings.reduce((sum, { count }) => sum + count, 0);
  return {
    sentence: machinesSentence(active.length, verdicts),
    detail:
      active.length === 0
        ? 'Add a machine: its agent tells which snapshots it lists.'
        : machinesDetail(verdicts, active.filter((row) => row.verdict === 'diverged' && !needsDecision(row)).length),
    readAt: store.lastReadAt?.toISOString() ?? null,
    columns: matrix.nums.length,
    ...columnsOf(matrix),
    machines: matrix.rows.map((row) => machineRowDto(row, deps.clock.nowMs())),
    counts: {
      machines: active.length,
      diverged: verdicts.diverged,
      unknown: verdicts.unknown,
      behind: verdicts.behind,
      inSync: verdicts['in-sync'],
      snapshots: found?.snapshots ?? 0,
      findings: total,
    },
    storeFindings: total,
    storeFindingsSentence: storeFindingsSentence(findings),
  };
}

type Columns = Pick<MachinesPageDto, 'columnTimes' | 'absentColumns'>;
const columnsKept = new WeakMap<Float64Array, Columns>();

/** What travels of the columns: made once for as long as they stay the same. */
function columnsOf({ seconds, live }: MatrixModel): Columns {
  const known = columnsKept.get(seconds);
  if (known !== undefined) return known;
  const columnTimes = Array.from(seconds, (value, at) => value - (at === 0 ? 0 : (seconds[at - 1] ?? 0)));
  const made = { columnTimes, absentColumns: absentRuns(live) };
  columnsKept.set(seconds, made);
  return made;
}

function absentRuns(live: Uint8Array): [number, number][] {
  const runs: [number, number][] = [];
  for (let column = 0; column < live.length; column += 1) {
    if (live[column] === 1) continue;
    const last = runs.at(-1);
    if (last && last[0] + last[1] === column) last[1] += 1;
    else runs.push([column, 1]);
  }
  return runs;
}

type Chosen = { readonly matrix: MatrixModel; readonly row: ModelRow };

/** Cells shown on a machine's page: the worst of them, with a bound. */
const SHOWN_CELLS = 2000;

async function machineDetail(deps: Deps, store: StoreRow, { matrix, row }: Chosen): Promise<MachineDetailDto> {
  const machineId = row.machine.machineId;
  const [heads, divergences, lags, ids] = await Promise.all([
    loadSightingHeads(deps.db, store.id, machineId),
    listDivergences(deps.db, store.id, { machineId }),
    openLags(deps.db, store.id, machineId),
    idsOfSnapshots(deps.db, store.id),
  ]);
  const since = new Map(divergences.filter(({ endedAt }) => endedAt === null).map((item) => [item.snapshot, item.beganAt]));
  const order = [...row.columns.keys()]
    .sort((a, b) => (row.cells[b] ?? 0) - (row.cells[a] ?? 0) || (row.columns[b] ?? 0) - (row.columns[a] ?? 0))
    .slice(0, SHOWN_CELLS);
  return {
    ...machineRowDto(row, deps.clock.nowMs()),
    sightings: heads.map((head) => ({
      user: head.user,
      cache: head.cache,
      line: head.line,
      lastUsedAt: head.lastUsedAt?.toISOString() ?? null,
      reportedAt: head.receivedAt.toISOString(),
      states: head.states,
      shown: head.shown,
      deleted: head.deleted,
      digest: head.digest,
      inMotion: head.inMotion,
      problem: problemSentence(head.problem),
    })),
    cells: order.map((index) => {
      const column = row.columns[index] ?? 0;
      const num = matrix.nums[column] ?? 0;
      const id = ids.get(num) ?? '';
      const began = since.get(id) ?? lags.get(num) ?? null;
      const cell = { ...cellAt(deps, row, { index, id }), takenAt: timeOf(matrix, column), since: began?.toISOString() ?? null };
      return withDecision(deps, matrix, { cell, machineId });
    }),
  };
}

function timeOf(matrix: MatrixModel, column: number): string | null {
  return matrix.availability[column] === 'absent' ? null : new Date((matrix.seconds[column] ?? 0) * 1000).toISOString();
}

function problemSentence(problem: unknown): string | null {
  if (typeof problem !== 'object' || problem === null) return null;
  if ('message' in problem && typeof problem.message === 'string') return problem.message;
  return 'sentence' in problem && typeof problem.sentence === 'string' ? problem.sentence : 'This cache could not be read.';
}

function cellAt(deps: Deps, row: ModelRow, { index, id }: { index: number; id: string }): Omit<CellDto, 'takenAt' | 'since'> {
  const cell = index < 0 ? 'seen' : (CELLS[row.cells[index] ?? 0] ?? 'none');
  const { cause, cache } = index < 0 ? { cause: { kind: 'listed' } as const, cache: null } : causeAt(row, index);
  const sentence = cellSentence(cell, cause, { machine: row.machine.name, snapshot: id, cache, nowMs: deps.clock.nowMs() });
  return { snapshot: id, cell, cause: sentence, nextStep: NEXT_STEP_SENTENCE[nextStepOf(cell, cause)], cache };
}

function spellDto({ cell, beganAt, lastSeenAt, endedAt }: CellSpell): CellStoryDto['spells'] {
  const known = CELLS.find((name) => name === cell);
  const end = endedAt?.toISOString() ?? null;
  return known === undefined ? [] : [{ cell: known, beganAt: beganAt.toISOString(), lastSeenAt: lastSeenAt.toISOString(), endedAt: end }];
}

/** What was decided about a cell stands in its cause; the cell keeps its word. */
function withDecision(deps: Deps, { decisions }: MatrixModel, { cell, machineId }: { readonly cell: CellDto; readonly machineId: string }): CellDto {
  const found = cell.cell === 'lost-delete' ? decisions.find((one) => one.machineId === machineId && one.snapshot === cell.snapshot) : undefined;
  if (found === undefined) return cell;
  const when = dayWord(found.decidedAt.getTime(), deps.clock.nowMs());
  return { ...cell, cause: `${cell.cause} ${found.decidedBy} decided on ${when} to keep it.`, nextStep: NEXT_STEP_SENTENCE.none };
}

type CellParts = { readonly row: ModelRow; readonly index: number; readonly snapshot: SnapshotRow; readonly since: Date | null };

function cellDto(deps: Deps, store: StoreRow, { row, index, snapshot, since }: CellParts): CellDto {
  const times = { takenAt: headerOf(deps, store, snapshot) === null ? null : (snapshot.takenAt?.toISOString() ?? null), since: since?.toISOString() ?? null };
  if (index < 0 && snapshot.availability !== 'live') {
    return {
      snapshot: snapshot.id,
      cell: 'none',
      cause: `${row.machine.name} and the store agree: neither lists this snapshot.`,
      nextStep: NEXT_STEP_SENTENCE.none,
      cache: null,
      ...times,
    };
  }
  return { ...cellAt(deps, row, { index, id: snapshot.id }), ...times };
}

function columnDto(deps: Deps, store: StoreRow, row: ColumnHead | undefined): MatrixColumnDto {
  if (row === undefined) return { id: '', takenAt: null, host: '', source: '', live: false };
  const header = row.sealed === null ? row : headerOf(deps, store, { ...row, header: null });
  const source = header?.sourceType ? `${header.sourceType}:${header.directoryText ?? ''}` : '';
  return { id: row.id, takenAt: row.takenAt?.toISOString() ?? null, host: header?.host ?? '', source, live: row.availability === 'live' };
}
