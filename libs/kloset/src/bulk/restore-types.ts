import type { KlosetError } from '../errors/errors.js';
import type { ByteName, EntryType } from '../snapshot/types.js';

/**
 * What happens to a name that is taken. `fail`: what is there stays, the entry counts as failed. `skip`: it stays, and that is fine. `overwrite`: it is replaced, but
 * never a directory by anything else. `keep-newer`: replaced unless it is as new or newer. `rename`: what is restored gets a name of its own beside it.
 * Directories that meet directories are one, whatever the policy.
 */
export type ConflictPolicy = 'fail' | 'skip' | 'overwrite' | 'keep-newer' | 'rename';
export const CONFLICT_POLICIES: readonly ConflictPolicy[] = ['fail', 'skip', 'overwrite', 'keep-newer', 'rename'];

export type RestoreOptions = {
  /** Path in the snapshot; a directory's content lies directly in `directory` afterwards, a file under its own name. */
  readonly path: Uint8Array;
  /** Target folder; made if absent. Nothing is written outside it. */
  readonly directory: string;
  /** A folder above `directory`, free of links itself: from there on no link is followed, also not one that is slipped in meanwhile. Default: links on the way are followed. */
  readonly below?: string | undefined;
  /** Default `fail`. */
  readonly conflict?: ConflictPolicy | undefined;
  /** Only entries that one of these rules matches, and what lies below such; rules as of a backup's excludes, relative to `path`. */
  readonly include?: readonly string[] | undefined;
  /** Not what these rules match. */
  readonly exclude?: readonly string[] | undefined;
  /** Set owner and group. Default: when running as root. */
  readonly owners?: boolean | undefined;
  /** Set modes. Default: yes. Without them new files get the system's default. */
  readonly modes?: boolean | undefined;
  /** Set the bits setuid, setgid and sticky too. Default: yes. */
  readonly setuid?: boolean | undefined;
  /** Afterwards read everything that was restored again and compare it with the snapshot. */
  readonly verify?: boolean | undefined;
  /** Told what is done with each name that was taken. */
  readonly onAction?: ((action: RestoreAction) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((summary: RestoreSummary) => void) | undefined;
};

/** What is done, or would be done, with one entry. `to`: its path below the target folder, without a leading slash. */
export type RestoreAction = {
  readonly path: ByteName;
  readonly type: EntryType;
  readonly action: 'create' | 'replace' | 'skip' | 'rename' | 'refuse';
  readonly to: ByteName;
  /** Why it would be refused, or cannot be made at all. */
  readonly reason: string | null;
};

/** Counts so far. `failed`: entries not restored, those below a directory that could not be made included; `warnings`: restored without an attribute. */
export type RestoreSummary = {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly hardLinks: number;
  readonly fifos: number;
  readonly bytes: number;
  readonly replaced: number;
  readonly skipped: number;
  readonly renamed: number;
  /** Sockets, devices and what has no type: nothing makes them from a snapshot. Each is a warning too. */
  readonly special: number;
  readonly failed: number;
  readonly warnings: number;
  /** Entries read again and found as in the snapshot. */
  readonly verified: number;
};

/** One entry that was not restored (`error`), or not with all that belongs to it (`warning`). */
export type RestoreProblem = {
  readonly path: ByteName;
  readonly severity: 'error' | 'warning';
  readonly what: 'content' | 'entry' | 'owner' | 'mode' | 'mtime' | 'xattr' | 'type';
  readonly error: KlosetError;
};

/** Counts of a plan: entries by what would be done with them; `bytes` of the files that would be written, `damaged` entries that cannot be read. */
export type RestorePlan = {
  readonly create: number;
  readonly replace: number;
  readonly skip: number;
  readonly rename: number;
  readonly refuse: number;
  /** Sockets, devices and what has no type, which nothing makes from a snapshot; their action is `skip`. */
  readonly special: number;
  readonly damaged: number;
  readonly bytes: number;
};
