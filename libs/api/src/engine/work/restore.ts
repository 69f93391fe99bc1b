import { readdir } from 'node:fs/promises';
import { isDamaged, restoreTo, type Snapshot } from '@wardrobe/kloset';
import { cleanPath, nameText, parseMac, percentDecode, sizeText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { problemOf } from '../../errors/bridge.js';
import { backupRoot } from '../explorer.js';
import { openSnapshot } from '../kloset.js';
import { type EngineOutcome, type EnginePlan, PLAIN_PLAN, short, type WorkContext, type WorkOf } from './types.js';

type Restore = WorkOf<'restore'>;
/** Entries that a dry run counts; above that it says "more than". */
const COUNTED = 200_000;
const TOLD = 300;

export async function planRestore(work: Restore, context: WorkContext): Promise<EnginePlan> {
  const { signal, report } = context;
  const { snapshot, path } = await openAt(work, context);
  let entries = 0;
  let bytes = 0;
  let damaged = 0;
  for await (const entry of snapshot.walk(path, { signal })) {
    if (isDamaged(entry)) damaged += 1;
    else if (entry.type === 'file') bytes += Number(entry.sizeBytes);
    entries += 1;
    if (entries % 1000 === 0) report({ label: 'Counting what would be restored', done: entries, total: null });
    if (entries >= COUNTED) break;
  }
  const there = await namesThere(work.directory);
  const more = entries >= COUNTED ? 'more than ' : '';
  return {
    plan: {
      ...PLAIN_PLAN,
      sentence: `${more}${counted(entries, 'entry', 'entries')} (${sizeText(bytes)}) of snapshot ${short(work.snapshot)} would be restored to ${work.directory}.`,
      note: `${there === 0 ? 'The folder is empty or not there yet: nothing is overwritten.' : `The folder holds ${counted(there, 'entry', 'entries')}. ${work.overwrite ? 'Files of the same name are replaced.' : 'What is there stays as it is and counts as not restored.'}`} ${work.privileges ? 'Owners and setuid bits are set.' : 'Owners and setuid bits are left out.'}`,
      items: [
        {
          key: 'restore',
          title: `${nameText(path)} to ${work.directory}`,
          detail:
            damaged > 0
              ? `${counted(damaged, 'entry', 'entries')} cannot be read and would be missing.`
              : 'Each file gets its name only when its content is proven.',
          evidence: [],
          snapshots: [work.snapshot],
          machines: [],
          steps: [{ step: 'write', file: work.directory, bytes, effect: `${more}${counted(entries, 'entry', 'entries')}` }],
        },
      ],
      itemsTotal: 1,
      verb: 'Restore to the server',
    },
    engine: null,
  };
}

export async function applyRestore(work: Restore, _engine: unknown, context: WorkContext): Promise<EngineOutcome> {
  const { signal, report } = context;
  const { snapshot, path } = await openAt(work, context);
  const label = `Restoring snapshot ${short(work.snapshot)}`;
  const run = restoreTo(snapshot, {
    path,
    directory: work.directory,
    below: work.below,
    conflict: work.overwrite ? 'overwrite' : 'fail',
    verify: true,
    owners: work.privileges,
    setuid: work.privileges,
    signal,
    onProgress: (at) => report({ label: `${label}, ${sizeText(at.bytes)}`, done: at.files + at.directories + at.symlinks, total: null }),
  });
  let told = 0;
  for (;;) {
    const next = await run.next();
    if (next.done === true) {
      const { files, bytes, failed, warnings } = next.value;
      const wrong = [
        ...(failed > 0 ? [`${counted(failed, 'entry', 'entries')} not restored`] : []),
        ...(warnings > 0 ? [`${counted(warnings, 'entry', 'entries')} restored without an attribute`] : []),
      ];
      return {
        sentence: `${counted(files, 'file')} (${sizeText(bytes)}) restored to ${work.directory}${wrong.map((part) => `, ${part}`).join('')}.`,
        problems: failed,
      };
    }
    told += 1;
    if (told <= TOLD) {
      const { path: at, severity, error } = next.value;
      report({ line: `${severity === 'error' ? 'Not restored' : 'Note'}: ${at.text}: ${problemOf(error).sentence}` });
    }
  }
}

async function openAt(work: Restore, { repository, signal }: WorkContext): Promise<{ snapshot: Snapshot; path: Uint8Array }> {
  const source = work.reach === 'live' ? repository : await repository.withOrphans({ signal });
  const snapshot = await openSnapshot(source, repository, parseMac(work.snapshot), signal);
  const path = work.path === '' ? await backupRoot(snapshot, signal) : cleanPath(percentDecode(work.path));
  await snapshot.entry(path, { signal });
  return { snapshot, path };
}

/** How many names stand in the folder; 0 where it is not there. */
async function namesThere(directory: string): Promise<number> {
  try {
    return (await readdir(directory)).length;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
}
