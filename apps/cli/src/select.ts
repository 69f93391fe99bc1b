import { openSnapshot, type OrphanProblem, type Repository, type Snapshot, type SnapshotSource, snapshotSource } from '@wardrobe/kloset';
import { parseSnapshotPath, resolveSnapshotPath, type SnapshotId } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { CliError, EXIT } from './exit-codes.js';
import { usage } from './failures.js';
import { type Session, warnOrphan } from './session.js';

export type Reach = { readonly deleted?: boolean; readonly hidden?: boolean };
export type Availability = 'live' | 'deleted' | 'hidden';
export type Candidate = { readonly id: SnapshotId; readonly availability: Availability };
export type Selected = { readonly snapshot: Snapshot; readonly path: Uint8Array; readonly availability: Availability };

/** `onProblem`: packfiles that no state names and that cannot be read; a hidden snapshot may lie in each. */
export type HiddenLook = { readonly signal: AbortSignal; readonly onProblem: (problem: OrphanProblem) => void };

/** Snapshots that may be addressed: live ones, and deleted or hidden ones only when asked for. */
export async function candidates(repository: Repository, reach: Reach, options: HiddenLook): Promise<readonly Candidate[]> {
  const found: Candidate[] = repository.view.live.map(({ id }) => ({ id, availability: 'live' }));
  if (reach.deleted) for (const { id } of repository.view.deleted) found.push({ id, availability: 'deleted' });
  if (reach.hidden) for (const { id } of await repository.hidden({ nowMs: Date.now(), ...options })) found.push({ id, availability: 'hidden' });
  return found;
}

/** The blobs to read a snapshot with: hidden and deleted ones need packfiles that no state names any more. */
export async function sourceFor(repository: Repository, availability: Availability, signal: AbortSignal): Promise<SnapshotSource> {
  return availability === 'live' ? repository : snapshotSource(repository, await repository.withOrphans({ signal }));
}

/** One snapshot by unique hex prefix. `isIncomplete`: it may exist where the store could not be read. @throws CliError none or several fit */
export function matchPrefix(prefix: string, all: readonly Candidate[], isIncomplete = false): Candidate {
  const fitting = all.filter((candidate) => candidate.id.startsWith(prefix.toLowerCase()));
  const [only] = fitting;
  if (only === undefined)
    throw new CliError(
      isIncomplete ? EXIT.damaged : EXIT.usage,
      `No snapshot has the prefix ${prefix || '(empty)'}.`,
      'List them with: ls. Deleted and hidden ones need --deleted or --hidden.',
    );
  if (fitting.length > 1)
    throw new CliError(
      EXIT.usage,
      `The prefix ${prefix || '(empty)'} fits ${counted(fitting.length, 'snapshot')}: ${fitting
        .slice(0, 5)
        .map(({ id }) => id.slice(0, 12))
        .join(', ')}.`,
      'Give more digits.',
    );
  return only;
}

/** `SNAP[:PATH]` of the command line, opened. Without a path: the backup's root. */
export async function select(session: Session, repository: Repository, request: { readonly argument: string; readonly reach: Reach }): Promise<Selected> {
  const { prefix, path } = parseArgument(request.argument);
  const unreadable: OrphanProblem[] = [];
  const all = await candidates(repository, request.reach, { signal: session.signal, onProblem: (problem) => void unreadable.push(problem) });
  for (const problem of unreadable) warnOrphan(session, problem);
  const candidate = matchPrefix(prefix, all, unreadable.length > 0);
  const snapshot = await openSnapshot(await sourceFor(repository, candidate.availability, session.signal), candidate.id, { signal: session.signal });
  return { snapshot, path: resolveSnapshotPath(path, snapshot.header.source.directory.bytes), availability: candidate.availability };
}

function parseArgument(argument: string): ReturnType<typeof parseSnapshotPath> {
  try {
    return parseSnapshotPath(argument);
  } catch (error) {
    throw usage(error instanceof Error ? `${error.message}.` : String(error));
  }
}
