import type { Cause } from './causes.js';
import type { Cell } from './cells.js';
import { counted, dayWord, listed, spanWord } from './numbers.js';

const short = (id: string): string => id.slice(0, 8);

/** Names around a cell: the machine, the snapshot, the cache that decided (null when it is the machine's only one), and now (ms). */
export type CellNames = { readonly machine: string; readonly snapshot: string; readonly cache?: string | null; readonly nowMs: number };

/** What a cell means for this machine and snapshot: one or two sentences, without the next step. */
export function cellSentence(cell: Cell, cause: Cause, names: CellNames): string {
  const at = names.cache ? ` (cache ${names.cache})` : '';
  const machine = `${names.machine}${at}`;
  const snapshot = `snapshot ${short(names.snapshot)}`;
  switch (cause.kind) {
    case 'never-reported':
      return `${names.machine} has never reported this store. Nothing is known.`;
    case 'listed':
      return cell === 'seen' ? `${machine} lists ${snapshot}.` : `${machine} lists ${snapshot}, which the store does not.`;
    case 'not-yet-merged':
      return cause.inMotion ? `${machine} is reading the state that brings ${snapshot} right now.` : `${machine} does not list ${snapshot} yet.`;
    case 'published-after-report':
      return `${snapshotCapital(snapshot)} was published ${spanWord(cause.publishedAtMs - cause.reportedAtMs)} after the last report of ${names.machine}.`;
    case 'deleted-in-store':
      return `${machine} still lists ${snapshot}, which was deleted in the store${cause.whenMs === null ? '' : ` on ${dayWord(cause.whenMs, names.nowMs)}`}.`;
    case 'state-damaged':
      return `Only ${machine} still lists ${snapshot}: ${stateFiles(cause.states)} cannot be read.`;
    case 'state-missing':
      return `${snapshotCapital(snapshot)} exists only on ${machine}: ${cause.states.length === 0 ? 'its state' : `state ${listed(cause.states.map(short))}`} never reached the store. Its data is there, and nobody else can restore it.`;
    case 'packfile-gone':
      return `${snapshotCapital(snapshot)} is listed only by ${machine}, and ${cause.packfiles.length === 0 ? 'its packfile' : `packfile ${listed(cause.packfiles.map(short))}`} is not in the store: the data is gone.`;
    case 'merged-not-listed':
      return `${machine} has read ${stateFiles(cause.states)} but does not list ${snapshot}.`;
    case 'deletion-not-published':
      return `${machine} deleted ${snapshot}, but the deletion never reached the store.`;
  }
}

function snapshotCapital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function stateFiles(ids: readonly string[]): string {
  return ids.length === 1 ? `state file ${short(ids[0] ?? '')}` : `${counted(ids.length, 'state file')} (${listed(ids.map(short))})`;
}

/** Facts of one machine's cells of one kind, for the row under its verdict. */
export type MachineFacts = {
  readonly cell: Cell;
  readonly count: number;
  readonly states: readonly string[];
  readonly packfiles: readonly string[];
  readonly newestMs: number | null;
  readonly lastReportMs: number | null;
  readonly nowMs: number;
};

/** The cause in a machine's row: short, without the machine's name. */
export function rowCause(facts: MachineFacts): string {
  const many = facts.count > 1;
  switch (facts.cell) {
    case 'none':
    case 'seen':
      return 'Lists exactly what the store holds';
    case 'behind':
      return `Has not read ${counted(facts.count, 'newer snapshot')} yet`;
    case 'stale-delete':
      return `Still lists ${counted(facts.count, 'snapshot')} deleted${facts.newestMs === null ? '' : ` on ${dayWord(facts.newestMs, facts.nowMs)}`}`;
    case 'unknown':
      return facts.lastReportMs === null ? 'Never reported this store' : `No report for ${spanWord(facts.nowMs - facts.lastReportMs)}`;
    case 'mismatch':
      return `Has read the ${many ? 'states' : 'state'} of ${counted(facts.count, 'snapshot')} but does not list ${many ? 'them' : 'it'}: wrong cache`;
    case 'lost-delete':
      return `Deleted ${counted(facts.count, 'snapshot')}; the deletion never reached the store`;
    case 'unreadable':
      return `${facts.states.length === 1 ? `State file ${short(facts.states[0] ?? '')} is` : `${counted(facts.states.length, 'state file')} are`} damaged; only this machine lists ${many ? 'their snapshots' : 'its snapshot'}`;
    case 'phantom':
      return facts.states.length === 1
        ? `State ${short(facts.states[0] ?? '')} never reached the store`
        : facts.states.length === 0
          ? `The state of ${counted(facts.count, 'snapshot')} never reached the store`
          : `States ${listed(facts.states.map(short))} never reached the store`;
    case 'lost':
      return `${facts.packfiles.length === 1 ? `Packfile ${short(facts.packfiles[0] ?? '')} is` : `${counted(facts.packfiles.length, 'packfile')} are`} not in the store: data is gone`;
  }
}
