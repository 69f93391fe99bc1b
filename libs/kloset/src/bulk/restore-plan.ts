import { type BigIntStats, lstatSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { isAtOrBelow, parentPath } from '@wardrobe/kloset-model';
import { InvalidInputError } from '../errors/errors.js';
import { isDamaged } from '../snapshot/entry.js';
import type { DamagedEntry, Entry, Snapshot } from '../snapshot/types.js';
import { errnoOf, localError } from './local-error.js';
import { actionOf, decideConflict, type Decision, otherNames, specialReason } from './restore-conflict.js';
import { pathSelection } from './restore-selection.js';
import type { RestoreAction, RestoreOptions, RestorePlan } from './restore-types.js';

/** `at`: the directory as it is there; null where it is not there yet. `fate`: what becomes of all that lies in a directory that is not made or is left alone. */
type Level = { readonly path: Uint8Array; readonly names: readonly Uint8Array[]; readonly at: Buffer | null; readonly fate: 'refuse' | 'skip' | null };
type Counts = { -readonly [K in keyof RestorePlan]: RestorePlan[K] };
type PlanRun = { readonly options: RestoreOptions; readonly levels: Level[]; readonly counts: Counts };

const SLASH = Buffer.from('/');

/**
 * What a restore with the same options would do with each entry, without writing anything: the rule is the one by which it restores. Directories that are there
 * and are used as they are, are left out; entries that cannot be read are yielded as such. Returns the counts.
 * @throws NotFoundError no such path; InvalidInputError the target cannot be one
 */
export async function* planRestore(snapshot: Snapshot, options: RestoreOptions): AsyncGenerator<RestoreAction | DamagedEntry, RestorePlan> {
  const { signal } = options;
  const top = await snapshot.entry(options.path, { followLinks: true, signal });
  const selection = pathSelection(top, options);
  const counts: Counts = { create: 0, replace: 0, skip: 0, rename: 0, refuse: 0, special: 0, damaged: 0, bytes: 0 };
  const holder = top.type === 'directory' ? top.path.bytes : parentPath(top.path.bytes);
  const run: PlanRun = { options, levels: [{ path: holder, names: [], at: await lookTarget(options), fate: null }], counts };
  for await (const entry of snapshot.walk(top.path.bytes, { signal })) {
    if (isDamaged(entry)) {
      counts.damaged += 1;
      yield entry;
      continue;
    }
    if (top.type === 'directory' && entry.path.bytes.length === holder.length) continue;
    const action = planOne(run, entry, selection.has(entry));
    if (action === null) continue;
    counts[specialReason(entry) === null ? action.action : 'special'] += 1;
    if (entry.type === 'file' && action.action !== 'skip' && action.action !== 'refuse') counts.bytes += Number(entry.sizeBytes);
    yield action;
  }
  return { ...counts };
}

/** The target folder, by the path that it really has; null when it is not there yet. */
async function lookTarget({ directory, below }: RestoreOptions): Promise<Buffer | null> {
  const outward = below === undefined ? '' : relative(below, directory);
  if (outward.startsWith('..') || isAbsolute(outward)) throw new InvalidInputError(`${directory} does not lie below ${below}`);
  try {
    const real = await realpath(directory);
    if (below !== undefined && real !== resolve(directory)) throw new InvalidInputError(`${directory} lies behind a link`);
    if (!lstatSync(real).isDirectory()) throw new InvalidInputError(`${directory} is not a directory`);
    return Buffer.from(real);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw localError(error, directory);
  }
}

/** Null for what is not wanted, and for directories that only lead somewhere. */
function planOne(run: PlanRun, entry: Entry, isWanted: boolean): RestoreAction | null {
  const parent = parentPath(entry.path.bytes);
  while (run.levels.length > 1 && !isAtOrBelow(parent, (run.levels.at(-1) as Level).path)) run.levels.pop();
  const level = run.levels.at(-1) as Level;
  const names = [...level.names, entry.name.bytes];
  const there = level.fate === null ? look(level.at, entry.name.bytes) : null;
  const decision: Decision = level.fate ?? decideConflict(entry, there, run.options.conflict ?? 'fail');
  const isDirectory = entry.type === 'directory';
  const renamed = decision === 'rename' ? [...level.names, freeName(level.at, entry.name.bytes)] : names;
  if (isDirectory) run.levels.push(levelBelow({ level, entry, decision, names: renamed }));
  if (!isWanted || decision === 'enter') return null;
  const special = specialReason(entry);
  if (special !== null) return { ...actionOf(entry, { decision: 'skip', names, there }), reason: special };
  const action = actionOf(entry, { decision, names: renamed, there });
  return level.fate === 'refuse' ? { ...action, reason: 'its directory would not be made' } : action;
}

function levelBelow({
  level,
  entry,
  decision,
  names,
}: {
  readonly level: Level;
  readonly entry: Entry;
  readonly decision: Decision;
  readonly names: readonly Uint8Array[];
}): Level {
  const fate = decision === 'refuse' || decision === 'skip' ? decision : null;
  const at = decision === 'enter' && level.at !== null ? Buffer.concat([level.at, SLASH, entry.name.bytes]) : null;
  return { path: entry.path.bytes, names, at, fate };
}

function look(directory: Buffer | null, name: Uint8Array): BigIntStats | null {
  if (directory === null || name.includes(0)) return null;
  return lstatSync(Buffer.concat([directory, SLASH, name]), { bigint: true, throwIfNoEntry: false }) ?? null;
}

function freeName(directory: Buffer | null, name: Uint8Array): Uint8Array {
  for (const other of otherNames(name)) if (look(directory, other) === null) return other;
  return name;
}
