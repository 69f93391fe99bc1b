import type { KlosetError } from '../errors/errors.js';
import type { ByteName } from '../snapshot/types.js';

export type RestoreOptions = {
  /** Path in the snapshot; a directory's content lies directly in `directory` afterwards, a file under its own name. */
  readonly path: Uint8Array;
  /** Target folder; made if absent. Nothing is written outside it. */
  readonly directory: string;
  /** A folder above `directory`, free of links itself: from there on no link is followed, also not one that is slipped in meanwhile. Default: links on the way are followed. */
  readonly below?: string | undefined;
  /** Replace files and links that are there. Default false: they stay and count as failed. */
  readonly overwrite?: boolean | undefined;
  /** Set owner and group. Default: when running as root. */
  readonly owners?: boolean | undefined;
  /** Set the bits setuid, setgid and sticky too. Default: yes. */
  readonly setuid?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((summary: RestoreSummary) => void) | undefined;
};

/** Counts so far. `failed`: entries not restored, those below a directory that could not be made included; `warnings`: restored without an attribute. */
export type RestoreSummary = {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly hardLinks: number;
  readonly fifos: number;
  readonly bytes: number;
  readonly failed: number;
  readonly warnings: number;
};

/** One entry that was not restored (`error`), or not with all that belongs to it (`warning`). */
export type RestoreProblem = {
  readonly path: ByteName;
  readonly severity: 'error' | 'warning';
  readonly what: 'content' | 'entry' | 'owner' | 'mode' | 'mtime' | 'xattr' | 'type';
  readonly error: KlosetError;
};
