import type { JobWork } from '@wardrobe/contracts';
import type { StoreRow } from '@wardrobe/db';
import { counted } from '@wardrobe/words';

const short = (id: string): string => id.slice(0, 8);
/** Ids that a command names; with more there is none: one that names a part would do less than it stands beside. */
const NAMED = 100;

/** Name of a piece of work in lists: "Repair what finding 1a2b3c4d is about". */
export function workLabel(work: JobWork, names: { readonly finding?: string | undefined; readonly peer?: string | undefined } = {}): string {
  switch (work.kind) {
    case 'repair':
      return names.finding === undefined ? 'Repair the store' : `Repair: ${names.finding}`;
    case 'check':
      return `${work.fast ? 'Fast check' : 'Check'} of ${whatIsChecked(work)}`;
    case 'restore':
      return `Restore of ${work.path === '' ? '' : 'a part of '}snapshot ${short(work.snapshot)} to ${work.target}`;
    case 'rm':
      return work.snapshots.length === 1 ? `Removal of snapshot ${short(work.snapshots[0] ?? '')}` : `Removal of ${counted(work.snapshots.length, 'snapshot')}`;
    case 'prune':
      return 'Removal of old snapshots by periods';
    case 'maintenance':
      return 'Maintenance';
    case 'sync':
      return `Synchronisation ${work.snapshots.length === 0 ? '' : `of ${counted(work.snapshots.length, 'snapshot')} `}${work.direction} ${names.peer ?? 'another store'}`;
    case 'locks':
      return work.ids.length === 0 ? 'Removal of locks that were left behind' : `Removal of ${counted(work.ids.length, 'lock')}`;
  }
}

function whatIsChecked({ snapshots, packfiles }: JobWork & { kind: 'check' }): string {
  if (snapshots.length === 1) return `snapshot ${short(snapshots[0] ?? '')}`;
  if (snapshots.length > 1) return counted(snapshots.length, 'snapshot');
  return packfiles ? 'everything in the store' : 'all snapshots';
}

export type CommandFacts = {
  readonly store: Pick<StoreRow, 'location'>;
  /** Snapshots that a repair is confined to; null: none. */
  readonly snapshots?: readonly string[] | null | undefined;
  readonly peerLocation?: string | undefined;
  /** Stores that a repair takes lost content from. */
  readonly fromLocations?: readonly string[] | undefined;
};

/** The words of a shell that do the same; null where there are too many to name. A dry run, unless `apply`. */
export function workCommand(work: JobWork, facts: CommandFacts, apply: boolean): string | null {
  if (namedIn(work, facts) > NAMED) return null;
  const words = ['wardrobe', 'at', facts.store.location, ...wordsOf(work, facts)];
  // A check writes nothing; what writes elsewhere than into this store has plakar's word for its dry run.
  if (work.kind === 'locks') return [...words, ...(apply ? lockWords(work) : [])].map(quoted).join(' ');
  const asksFirst = work.kind !== 'check' && work.kind !== 'restore' && work.kind !== 'sync';
  if (apply && asksFirst) words.push('--apply');
  if (!apply && !asksFirst && work.kind !== 'check') words.push('--dry-run');
  return words.map(quoted).join(' ');
}

function namedIn(work: JobWork, facts: CommandFacts): number {
  if (work.kind === 'repair') return facts.snapshots?.length ?? 0;
  if (work.kind === 'locks') return work.ids.length;
  return 'snapshots' in work ? work.snapshots.length : 0;
}

function wordsOf(work: JobWork, facts: CommandFacts): string[] {
  switch (work.kind) {
    case 'repair':
      return [
        'repair',
        ...(facts.snapshots ?? []).flatMap((id) => ['--snapshot', short(id)]),
        ...(work.undelete ? ['--undelete'] : []),
        ...(work.redelete ? ['--redelete'] : []),
        ...(work.discardDamagedStates ? ['--discard-damaged'] : []),
        ...(work.readData ? ['--read-data'] : []),
        ...(facts.fromLocations ?? []).flatMap((location) => ['--from-store', location]),
        ...work.fromDisks.flatMap((folder) => ['--from-disk', folder]),
        ...(work.wait ? ['--wait'] : []),
      ];
    case 'check':
      return ['check', ...(work.fast ? ['--fast'] : []), ...(work.packfiles ? ['--store'] : []), ...work.snapshots.map(short)];
    case 'restore':
      return [
        'restore',
        `${short(work.snapshot)}${work.path === '' ? '' : `:${work.path}`}`,
        '--to',
        work.target,
        ...(work.overwrite ? ['--conflict', 'overwrite'] : []),
        ...(work.privileges ? [] : ['--no-owners']),
        '--verify',
      ];
    case 'rm':
      return ['rm', ...work.snapshots.map(short)];
    case 'prune':
      return [
        'prune',
        ...Object.entries(work.keep).flatMap(([period, keep]) => (keep > 0 ? [`--${period}s`, String(keep), `--per-${period}`, '1'] : [])),
        ...(work.groupBy === 'none' ? [] : ['--group-by', work.groupBy]),
        ...(work.tag === '' ? [] : ['--tag', work.tag]),
      ];
    case 'maintenance':
      return ['maintenance'];
    case 'sync':
      return ['sync', ...work.snapshots.map(short), work.direction, facts.peerLocation ?? 'STORE'];
    case 'locks':
      return ['locks'];
  }
}

/** `locks` looks, `locks clear` does. */
function lockWords({ ids, force }: JobWork & { kind: 'locks' }): string[] {
  return ['clear', ...ids.flatMap((id) => ['--id', short(id)]), ...(force ? ['--force'] : [])];
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
