import { DiskFullError } from '../errors/errors.js';
import type { Entry, Snapshot } from '../snapshot/types.js';
import type { HardLinks } from './hard-links.js';
import { localError } from './local-error.js';
import type { FileMakers } from './pipeline/make-request.js';
import type { Placer } from './pipeline/placer.js';
import type { Attributes } from './restore-attributes.js';
import type { PathSelection } from './restore-selection.js';
import type { RestoreOptions, RestoreProblem, RestoreSummary } from './restore-types.js';
import type { Deviations } from './restore-verify.js';
import type { SafeDirectory } from './safe-directory.js';
import type { XattrTable, XattrValue } from './xattr-table.js';

/** A directory of the snapshot and where it stands: null when it could not be made or was left alone, undefined while nothing in it was wanted. */
export type Level = { readonly entry: Entry; name: Uint8Array; place: SafeDirectory | null | undefined };
export type Counts = { -readonly [K in keyof RestoreSummary]: RestoreSummary[K] };

/** What one run of a restore remembers and counts. `makers`: make whole files on threads, `placer` writes contents there; null where there are none. */
export type RestoreRun = {
  readonly snapshot: Snapshot;
  readonly makers: FileMakers | null;
  readonly placer: Placer | null;
  readonly options: RestoreOptions;
  readonly selection: PathSelection;
  readonly levels: Level[];
  readonly counts: Counts;
  readonly problems: RestoreProblem[];
  readonly links: HardLinks;
  readonly xattrs: XattrTable;
  readonly deviations: Deviations;
};

export function noCounts(): Counts {
  return {
    files: 0,
    directories: 0,
    symlinks: 0,
    hardLinks: 0,
    fifos: 0,
    bytes: 0,
    replaced: 0,
    skipped: 0,
    renamed: 0,
    special: 0,
    failed: 0,
    warnings: 0,
    verified: 0,
  };
}

/** An entry that is not restored. @throws DiskFullError nothing more can be */
export function failed(run: RestoreRun, entry: Entry, error: unknown): void {
  const known = localError(error, entry.path.text);
  if (known instanceof DiskFullError) throw known;
  run.deviations.untouched(entry.path.bytes, false);
  run.problems.push({ path: entry.path, severity: 'error', what: entry.type === 'file' ? 'content' : 'entry', error: known });
}

export function attributesOf(run: RestoreRun, entry: Entry): Attributes {
  const { modes, setuid } = run.options;
  return {
    owners: wantsOwners(run),
    modes: modes !== false,
    setuid: setuid !== false,
    warn: (what, error) => {
      if (error instanceof DiskFullError) throw error;
      run.deviations.without(entry.path.bytes, what);
      run.problems.push({ path: entry.path, severity: 'warning', what, error });
    },
  };
}

export function wantsOwners(run: RestoreRun): boolean {
  return run.options.owners ?? process.getuid?.() === 0;
}

export function xattrsOf(run: RestoreRun, entry: Entry): readonly XattrValue[] {
  return entry.extendedAttributes.length === 0 ? [] : run.xattrs.find(entry.path.bytes);
}
