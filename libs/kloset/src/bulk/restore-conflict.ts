import type { BigIntStats } from 'node:fs';
import { byteName, nameBytes } from '@wardrobe/kloset-model';
import type { Entry } from '../snapshot/types.js';
import type { ConflictPolicy, RestoreAction } from './restore-types.js';

/** `enter`: a directory that is there already and is used as it is. */
export type Decision = 'create' | 'enter' | 'replace' | 'skip' | 'rename' | 'refuse';

/** Times are restored to the microsecond. */
const TIME_STEP_NS = 1000n;

/** What is to be done with an entry where `there` stands. The one rule for restoring and for showing what would be done. */
export function decideConflict(entry: Pick<Entry, 'type' | 'mtimeNs'>, there: BigIntStats | null, policy: ConflictPolicy): Decision {
  if (there === null) return 'create';
  if (there.isDirectory() && entry.type === 'directory') return 'enter';
  switch (policy) {
    case 'fail':
      return 'refuse';
    case 'skip':
    case 'rename':
      return policy;
    case 'keep-newer':
      if (there.mtimeNs + TIME_STEP_NS >= entry.mtimeNs) return 'skip';
      return there.isDirectory() ? 'refuse' : 'replace';
    case 'overwrite':
      return there.isDirectory() ? 'refuse' : 'replace';
  }
}

/**
 * Why nothing can make an entry from a snapshot; null for what can be made. An entry has no field for a device's number, and Node has no call that makes devices.
 * @source 02-snapshot 3.1
 */
export function specialReason({ type }: Pick<Entry, 'type'>): string | null {
  if (type === 'file' || type === 'directory' || type === 'symlink' || type === 'fifo') return null;
  if (type === 'socket') return 'a socket is not restored: the program that listens on it makes it anew';
  return type === 'device' ? 'a device is not restored: the snapshot does not hold its number' : 'it is not restored: the snapshot holds its name only';
}

/** Why an entry is refused. Its own path is told beside it. */
export function refusalText(there: BigIntStats | null): string {
  return there?.isDirectory() === true ? 'a directory has its name there' : 'its name is taken there';
}

/** Names beside a taken one, in the order in which they are tried. */
export function* otherNames(name: Uint8Array): Generator<Uint8Array> {
  for (let at = 1; at <= 1000; at++) yield Buffer.concat([name, nameBytes(at === 1 ? '.restored' : `.restored-${at}`)]);
}

/** `names`: from the target folder down. */
export function actionOf(
  entry: Entry,
  done: { readonly decision: Decision; readonly names: readonly Uint8Array[]; readonly there: BigIntStats | null },
): RestoreAction {
  const { decision, names, there } = done;
  const to = byteName(Buffer.concat(names.flatMap((name, at) => (at === 0 ? [name] : [nameBytes('/'), name]))));
  const reason = decision === 'refuse' ? refusalText(there) : null;
  return { path: entry.path, type: entry.type, action: decision === 'enter' ? 'skip' : decision, to, reason };
}
