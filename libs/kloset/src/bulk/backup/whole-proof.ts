import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotId, StateId } from '@wardrobe/kloset-model';
import type { Repository, StateInfo, StateView } from '../../repository/types.js';
import { errnoOf } from '../local-error.js';

/**
 * That every content of a snapshot was available to all when it was made, as far as these states say. It stays true while they are there and no later one
 * schedules packfiles for deletion or deletes anything: then the next backup need not look at each chunk of each unchanged file again.
 */
export type WholeProof = { readonly snapshot: SnapshotId; readonly states: readonly StateId[] };

const VERSION = 1;

/** Null when there is none, or one that cannot be trusted: then everything is looked at. */
export async function readProof(directory: string, repository: Repository): Promise<WholeProof | null> {
  let text: string;
  try {
    text = await readFile(proofPath(directory, repository), 'utf8');
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
  const [mac, body = ''] = text.split('\n');
  // Only whoever holds the keys can have written it, and all of it is there.
  if (mac !== repository.mac(Buffer.from(body, 'utf8'))) return null;
  const proof = JSON.parse(body) as WholeProof & { readonly version: number };
  return proof.version === VERSION ? proof : null;
}

/** Whether what the proof says is still true. */
export function proofHolds(proof: WholeProof | null, snapshot: SnapshotId, view: StateView): boolean {
  if (proof?.snapshot !== snapshot) return false;
  const missing = new Set(proof.states);
  for (const state of view.states) {
    if (!missing.delete(state.id) && takesAway(state)) return false;
  }
  return missing.size === 0;
}

/**
 * Notes that a snapshot is whole, unless something was taken away while it was made. A folder that cannot be written costs time at the next run, nothing else.
 * `before`: the states that were known when it began.
 */
export async function writeProof(
  directory: string,
  repository: Repository,
  made: { readonly snapshot: SnapshotId; readonly before: ReadonlySet<StateId>; readonly onNote?: ((note: string) => void) | undefined },
): Promise<void> {
  const { states } = repository.view;
  if (states.some((state) => !made.before.has(state.id) && takesAway(state))) return;
  const body = JSON.stringify({ version: VERSION, snapshot: made.snapshot, states: states.map(({ id }) => id) });
  const path = proofPath(directory, repository);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await replaceFile(path, `${repository.mac(Buffer.from(body, 'utf8'))}\n${body}`);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    made.onNote?.(`what speeds up the next backup could not be noted in ${directory}`);
  }
}

/** Written aside and renamed: a reader finds the old one or the new one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(aside, text, { mode: 0o600, flag: 'wx' });
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

function takesAway({ counts, colouredSnapshots }: StateInfo): boolean {
  return counts.deletes > 0 || counts.coloured > colouredSnapshots.length;
}

function proofPath(directory: string, repository: Repository): string {
  return join(directory, `${repository.id}-whole.json`);
}
