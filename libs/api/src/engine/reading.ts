import { type Repository, remoteFacts, type StateView } from '@wardrobe/kloset';
import { isMac } from '@wardrobe/kloset-model';
import { codeOf, problemOf } from '../errors/bridge.js';
import { msOfNs } from './rows.js';
import type { BadState, ReadFinding, Reading, ReadState } from './types.js';

export type ReadingOptions = {
  readonly nowMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { label: string; done: number; total: number }) => void;
};

/** Reads what is new in the store and gathers the remote view of the design: R, U, live, deleted, F, tombstones, hidden, findings. */
export async function readStore(repository: Repository, { nowMs, signal, onProgress }: ReadingOptions): Promise<Reading> {
  const view = await repository.refresh({ signal, onProgress: ({ phase, done, total }) => onProgress({ label: PHASES[phase], done, total }) });
  onProgress({ label: 'Listing packfiles and looking for hidden snapshots', done: 0, total: 0 });
  const facts = await remoteFacts(repository, { nowMs, signal });
  const errors = new Map<string, string>(view.unreadable.map((state) => [state.id, problemOf(state.error).sentence]));
  return {
    line: lineOf(view),
    ...states(view),
    live: view.live.map((snapshot) => ({
      id: snapshot.id,
      packfiles: [...snapshot.packfiles],
      states: [...snapshot.states],
      scheduledForDeletion: snapshot.scheduledForDeletion,
    })),
    deleted: view.deleted.map((snapshot) => ({
      id: snapshot.id,
      whenMs: msOfNs(snapshot.whenNs),
      packfiles: [...snapshot.packfiles],
      states: [...snapshot.states],
    })),
    hidden: facts.hidden.map((snapshot) => ({ ...snapshot })),
    packfiles: packIds([...facts.packfiles]),
    ...knownPackfiles(view, facts.packfiles),
    findings: [
      ...facts.findings.map(
        (finding): ReadFinding => ({
          kind: finding.kind,
          key: finding.id,
          detail: errors.get(finding.id) ?? finding.detail,
          snapshots: [...finding.snapshots],
        }),
      ),
      ...facts.hidden.map((snapshot): ReadFinding => ({ kind: 'hidden-snapshot', key: snapshot.id, detail: snapshot.packfile, snapshots: [snapshot.id] })),
    ],
    counts: view.counts,
  };
}

const PHASES = { key: 'Opening with the key', list: 'Listing state files', states: 'Reading state files', index: 'Building the index' } as const;

function states(view: StateView): { states: ReadState[]; unreadable: BadState[] } {
  return {
    states: view.states.map((state) => ({
      id: state.id,
      version: state.version,
      timestampNs: state.timestampNs.toString(),
      parent: state.parent,
      serial: state.serial,
      sizeBytes: state.sizeBytes,
      brings: [...state.snapshots],
      colours: [...state.colouredSnapshots],
    })),
    unreadable: view.unreadable.map((state) => {
      const problem = problemOf(state.error);
      return { id: state.id, sizeBytes: state.sizeBytes, problem: { ...problem, code: codeOf(state.error) ?? problem.code } };
    }),
  };
}

function lineOf(view: StateView): Reading['line'] {
  const old = view.states.some((state) => state.version === '1.0.0');
  const recent = view.states.some((state) => state.version === '1.1.0');
  if (old && recent) return 'mixed';
  return old ? '1.0' : recent ? '1.1' : 'unknown';
}

/** A store with more orphans than this has a problem that a list does not make clearer. */
const ORPHAN_LIMIT = 10_000;

function knownPackfiles(view: StateView, present: ReadonlySet<string>): Pick<Reading, 'tombstoned' | 'orphans'> {
  const orphans = new Set(present);
  const tombstoned: string[] = [];
  for (const { id } of view.packfiles()) {
    orphans.delete(id);
    if (view.isPackfileTombstoned(id)) tombstoned.push(id);
  }
  for (const id of present) if (isMac(id) && view.isPackfileTombstoned(id) && orphans.delete(id)) tombstoned.push(id);
  return { tombstoned: packIds(tombstoned), orphans: [...orphans].sort().slice(0, ORPHAN_LIMIT) };
}

/** Ids sorted and joined, 32 bytes each. */
export function packIds(ids: readonly string[]): Uint8Array {
  return Uint8Array.from(Buffer.from([...ids].sort().join(''), 'hex'));
}

export function* unpackIds(bytes: Uint8Array): Generator<string, void, undefined> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  for (let at = 0; at < text.length; at += 64) yield text.slice(at, at + 64);
}
