import type { MachineReport, ReportAnswer } from '@wardrobe/contracts';
import {
  bindToken,
  getMachine,
  ingestReport,
  type Json,
  listTokens,
  type SightingInput,
  storesOfRepository,
  type StoreRow,
  tokenOfMachine,
  type UnreadableCache,
} from '@wardrobe/db';
import type { ParsedReport } from '../engine/report-parsing.js';
import { ApiError } from '../errors/api-error.js';
import { type WorkerClient, workerClient } from '../workers/client.js';
import type { ReportMethods } from '../workers/report-role.js';
import { computeStore } from './computing.js';
import { type Deps, now } from './deps.js';

export type ReportSource = { readonly kind: 'agent'; readonly tokenId: string } | { readonly kind: 'import' } | { readonly kind: 'demo' };

export interface Reports {
  parse(bytes: Uint8Array, gzip: boolean): Promise<ParsedReport>;
  take(parsed: ParsedReport, source: ReportSource): Promise<ReportAnswer>;
  stop(): Promise<void>;
}

/** Reports of machines: validated on a thread of their own, bound to their token's machine, kept, and turned into cells. */
export function createReports(deps: Deps): Reports {
  const queues = new Map<string, Promise<void>>();
  const parser: WorkerClient<ReportMethods> = workerClient<ReportMethods>({
    url: deps.config.workerUrl,
    role: 'report',
    onCrash: (why) => deps.log('error', `the thread that reads reports ended: ${why}`),
  });
  return {
    parse: (bytes, gzip) => parser.call('parse', { bytes, gzip }),
    take(parsed, source) {
      if (source.kind !== 'agent') return takeReport(deps, parsed, source);
      // Two machines that use a fresh token at once: the second waits, and finds it bound.
      const result = (queues.get(source.tokenId) ?? Promise.resolve()).then(() => takeReport(deps, parsed, source));
      const settled = result.then(
        () => undefined,
        () => undefined,
      );
      queues.set(source.tokenId, settled);
      void settled.then(() => queues.get(source.tokenId) === settled && queues.delete(source.tokenId));
      return result;
    },
    stop: () => parser.stop(),
  };
}

async function takeReport(deps: Deps, { report, sizeBytes }: ParsedReport, source: ReportSource): Promise<ReportAnswer> {
  if (source.kind === 'agent') await checkBinding(deps, report, source.tokenId);
  const stores = await storesByRepository(deps, report);
  const notes = notesOf(report, stores);
  const inputs = report.sightings.flatMap((sighting, index) =>
    (stores.get(sighting.repositoryId) ?? []).map((store) => ({ index, input: sightingInput(store.id, sighting) })),
  );
  const receivedAt = now(deps);
  const result = await ingestReport(deps.db, {
    machine: report.machine,
    agentVersion: report.agent.version,
    receivedAt,
    createdAt: new Date(report.createdAt),
    source: source.kind,
    tokenId: source.kind === 'agent' ? source.tokenId : null,
    sizeBytes,
    counts: { sightings: report.sightings.length, failures: report.failures.length },
    failures: report.failures as unknown as Json,
    notes,
    sightings: inputs.map(({ input }) => input),
    unreadable: unreadableCaches(report, stores),
  });
  if (source.kind === 'agent') await bind(deps, report, source.tokenId);
  await computeTouched(deps, stores, result.storeIds, result.machineId);
  const ask = new Map<number, Set<string>>();
  result.sightings.forEach((taken, at) => {
    const index = inputs[at]?.index;
    if (index !== undefined && taken.ask.length > 0) ask.set(index, new Set([...(ask.get(index) ?? []), ...taken.ask]));
  });
  return { accepted: true, ask: [...ask].map(([sighting, states]) => ({ sighting, states: [...states].sort() })), notes, serverTime: now(deps).toISOString() };
}

/** A token speaks for one machine: the one that used it first. */
async function checkBinding(deps: Deps, report: MachineReport, tokenId: string): Promise<void> {
  const token = (await listTokens(deps.db)).find(({ id }) => id === tokenId);
  const bound = token?.machine ?? null;
  const other = await tokenOfMachine(deps.db, report.machine.id);
  if (other !== null && other.id !== tokenId) {
    throw new ApiError(
      'forbidden',
      `The machine ${other.machine?.name ?? report.machine.name} reports with another token (${other.name}).`,
      'Revoke that token first, or remove the id file in this machine’s agent configuration when it is a copy.',
    );
  }
  if (bound === null || bound.id === report.machine.id) return;
  const known = await getMachine(deps.db, report.machine.id);
  if (known?.mergedIntoId === bound.id) return;
  throw otherMachine(bound.name, report.machine.hostName);
}

async function bind(deps: Deps, report: MachineReport, tokenId: string): Promise<void> {
  if (await bindToken(deps.db, tokenId, { machineId: report.machine.id, now: now(deps) })) return;
  const known = await getMachine(deps.db, report.machine.id);
  if (known?.mergedIntoId === null) throw otherMachine('another machine', report.machine.hostName);
}

function otherMachine(bound: string, host: string): ApiError {
  return new ApiError(
    'forbidden',
    `This token belongs to ${bound}; ${host} is another machine.`,
    'Create a token of its own for this machine. A copied machine needs a new machine id: remove the id file in the agent’s configuration there.',
  );
}

async function storesByRepository(deps: Deps, report: MachineReport): Promise<Map<string, StoreRow[]>> {
  const ids = new Set([...report.sightings.map(({ repositoryId }) => repositoryId), ...report.failures.flatMap(({ repositoryId }) => repositoryId ?? [])]);
  const found = new Map<string, StoreRow[]>();
  for (const id of ids) found.set(id, await storesOfRepository(deps.db, id));
  return found;
}

function notesOf(report: MachineReport, stores: ReadonlyMap<string, readonly StoreRow[]>): string[] {
  const notes: string[] = [];
  for (const { repositoryId, cache } of report.sightings) {
    if ((stores.get(repositoryId) ?? []).length === 0)
      notes.push(`This console does not know the store ${repositoryId.slice(0, 8)} of the cache ${cache}: nothing was kept of it.`);
  }
  return notes;
}

function sightingInput(storeId: string, sighting: MachineReport['sightings'][number]): SightingInput {
  const { repositoryId: _repositoryId, lastUsedAt, ...same } = sighting;
  return {
    ...same,
    storeId,
    lastUsedAt: lastUsedAt === null ? null : new Date(lastUsedAt),
    loneStates: same.loneStates,
    setAside: same.setAside,
    counts: same.counts,
  };
}

/** A failure that names no store may concern any of this machine's caches of that folder: it is kept in the report only. */
function unreadableCaches(report: MachineReport, stores: ReadonlyMap<string, readonly StoreRow[]>): UnreadableCache[] {
  return report.failures.flatMap((failure) =>
    (failure.repositoryId === null ? [] : (stores.get(failure.repositoryId) ?? [])).map((store) => ({
      storeId: store.id,
      user: failure.user,
      cache: failure.cache,
      problem: { code: failure.code, message: failure.message },
    })),
  );
}

async function computeTouched(deps: Deps, stores: ReadonlyMap<string, readonly StoreRow[]>, storeIds: readonly string[], machineId: string): Promise<void> {
  const known = new Map([...stores.values()].flat().map((store) => [store.id, store]));
  for (const storeId of storeIds) {
    const store = known.get(storeId);
    if (store === undefined) continue;
    await computeStore(deps, store, [machineId]);
    deps.bus.publish({ kind: 'report', storeId, at: now(deps).toISOString(), job: null });
  }
}
