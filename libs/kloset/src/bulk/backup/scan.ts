import type { SnapshotId } from '@wardrobe/kloset-model';
import type { Repository } from '../../repository/types.js';
import type { StoreLine } from '../../repository/writer-types.js';
import type { StoredContent } from '../../snapshot/write/types.js';
import { type AccountNames, systemAccounts } from './account-names.js';
import type { BackupOptions, BackupRequest } from './backup-types.js';
import { byteTextOf, bytesOfText } from './byte-text.js';
import { compareWith } from './comparison.js';
import { exclusionRules } from './exclusion-rules.js';
import { findPrevious, type IsAvailable, openPrevious } from './previous.js';
import { walkRequest } from './early-walk.js';
import { resolveRoots } from './walk.js';
import type { WalkGroup } from './walk-types.js';
import { proofHolds, readProof } from './whole-proof.js';
import { systemXattrs, type XattrReader } from './xattr-reader.js';

/** One group of the walk, and for each of its entries the content that it still has; null: it has none or is to be read. */
export type ScannedGroup = { readonly group: WalkGroup; readonly contents: readonly (StoredContent | null)[] };

/** The walk of a backup, compared with the newest snapshot of the same source. */
export type Scan = {
  /** `importer.directory` of the header. */
  readonly directory: Uint8Array;
  readonly previous: SnapshotId | null;
  readonly accounts: AccountNames;
  /** Null: no attributes are saved. */
  readonly xattrs: XattrReader | null;
  groups(): AsyncGenerator<ScannedGroup>;
};

export type ScanOptions = BackupOptions & {
  readonly isAvailable: IsAvailable;
  readonly line: StoreLine;
  /** Contents are taken over without a look at each: all of what is available now is relied on. */
  readonly onProven?: () => void;
};

/** @throws InvalidInputError, PermissionError a path that cannot be looked at */
export async function startScan(repository: Repository, request: BackupRequest, options: ScanOptions): Promise<Scan> {
  const rules = exclusionRules(request.rules ?? []);
  for (const rule of rules.malformed) options.onNote?.(`the exclusion rule ${JSON.stringify(rule)} is malformed and matches nothing`);
  const roots = resolveRoots(request.paths.map(byteTextOf), options.line);
  const directory = bytesOfText(roots.directory);
  const accounts = options.accounts ?? systemAccounts();
  const header = request.usePrevious === false ? null : await findPrevious(repository, { type: 'fs', origin: request.origin, directory }, options.signal);
  const proof = header === null || options.proofDirectory === undefined ? null : await readProof(options.proofDirectory, repository);
  const isProven = header !== null && proofHolds(proof, header.id, repository.view);
  if (isProven) options.onProven?.();
  const previous = header === null ? null : openPrevious(repository, header, { isAvailable: options.isAvailable, isProven, signal: options.signal });
  const comparison = compareWith(previous, accounts);
  const walk = options.walk?.groups() ?? walkRequest(request, roots, options.onNote);
  return {
    directory,
    previous: header?.id ?? null,
    accounts,
    xattrs: await xattrsOf(request, options),
    async *groups() {
      for (const group of walk) yield { group, contents: await comparison.contents(group) };
    },
  };
}

async function xattrsOf(request: BackupRequest, options: ScanOptions): Promise<XattrReader | null> {
  if (request.xattrs === false) return null;
  const reader = options.xattrReader === undefined ? await systemXattrs() : options.xattrReader;
  if (reader === null) options.onNote?.('extended attributes are not saved: the module that reads them is not installed');
  return reader;
}
