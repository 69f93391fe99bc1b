import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BackupEvents, BackupRequest } from './backup-types.js';
import { byteTextOf, shownText } from './byte-text.js';
import { exclusionRules } from './exclusion-rules.js';
import { resolveRoots, walkRoots } from './walk.js';
import type { WalkGroup, WalkRoots } from './walk-types.js';

/** Entries that are held before anybody asks for them: about 15 MB. */
const HELD_ENTRIES = 32_768;
/** Between two looks at what else waits. */
const TURN_MS = 10;

/** The walk of a backup that may begin before its store is open: deriving a key takes a second of another processor. */
export interface EarlyWalk {
  /** Walks on until `until` settles, or as much is held as may be. Failures come out of `groups`. */
  readAhead(until: Promise<unknown>): Promise<void>;
  /** All groups; once. @throws as `walkRoots` and `resolveRoots` */
  groups(): Generator<WalkGroup>;
}

/** What a backup of the request walks through. @throws as `walkRoots`, on the way */
export function walkRequest(request: BackupRequest, roots: WalkRoots, onNote: BackupEvents['onNote']): Generator<WalkGroup> {
  return walkRoots(roots, {
    rules: exclusionRules(request.rules ?? []),
    oneFileSystem: request.oneFileSystem ?? false,
    storeDirectory: request.storeDirectory ?? null,
    onStoreSkipped: (path) => onNote?.(`${shownText(path)} is the store itself and is left out`),
  });
}

/** To be given to `backup` with the same request. */
export function earlyWalk(request: BackupRequest, { onNote }: Pick<BackupEvents, 'onNote'> = {}): EarlyWalk {
  const walk = walkAll(request, onNote);
  const held: WalkGroup[] = [];
  let entries = 0;
  let failure: { readonly error: unknown } | null = null;

  /** False: there is no more. */
  function step(): boolean {
    try {
      const { value, done } = walk.next();
      if (done === true) return false;
      held.push(value);
      entries += value.entries.length;
      return true;
    } catch (error) {
      failure = { error };
      return false;
    }
  }

  return {
    async readAhead(until) {
      let isOver = false;
      const end = (): void => {
        isOver = true;
      };
      until.then(end, end);
      let turnMs = performance.now();
      while (!isOver && entries < HELD_ENTRIES && step()) {
        if (performance.now() - turnMs < TURN_MS) continue;
        await nextTurn();
        turnMs = performance.now();
      }
    },
    *groups() {
      // Each is given up as it goes.
      held.reverse();
      for (let group = held.pop(); group !== undefined; group = held.pop()) yield group;
      if (failure !== null) throw failure.error;
      yield* walk;
    },
  };
}

/** What roots stand for is asked when the first group is. Nothing of a walk depends on the store's line. */
function* walkAll(request: BackupRequest, onNote: BackupEvents['onNote']): Generator<WalkGroup> {
  yield* walkRequest(request, resolveRoots(request.paths.map(byteTextOf), '1.1'), onNote);
}
