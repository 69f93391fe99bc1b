import { planRestore, type RestorePlan, restoreTo, type Snapshot } from '@wardrobe/kloset';
import { cleanPath, nameText, parseMac, percentDecode, sizeText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { problemOf } from '../../errors/bridge.js';
import { backupRoot } from '../explorer.js';
import { openSnapshot } from '../kloset.js';
import { type EngineOutcome, type EnginePlan, PLAIN_PLAN, short, type WorkContext, type WorkOf } from './types.js';

type Restore = WorkOf<'restore'>;
/** Paths that a plan names. */
const NAMED = 200;
const TOLD = 300;

export async function planRestoreWork(work: Restore, context: WorkContext): Promise<EnginePlan> {
  const { signal, report } = context;
  const { snapshot, path } = await openAt(work, context);
  const run = planRestore(snapshot, { path, signal, ...targetOf(work) });
  const refused: string[] = [];
  const damaged: string[] = [];
  let looked = 0;
  for (;;) {
    const next = await run.next();
    if (next.done === true) return { plan: planDto(work, { path, refused, damaged, counts: next.value }), engine: null };
    looked += 1;
    if (looked % 1000 === 0) report({ label: 'Looking what would be restored', done: looked, total: null });
    if ('damaged' in next.value) damaged.push(next.value.path.text);
    else if (next.value.action === 'refuse' && refused.length < NAMED)
      refused.push(`${next.value.path.text}${next.value.reason === null ? '' : `: ${next.value.reason}`}`);
  }
}

type Planned = { readonly path: Uint8Array; readonly refused: readonly string[]; readonly damaged: readonly string[]; readonly counts: RestorePlan };

function planDto(work: Restore, { path, refused, damaged, counts }: Planned): EnginePlan['plan'] {
  const entries = counts.create + counts.replace;
  return {
    ...PLAIN_PLAN,
    sentence: `${counted(entries, 'entry', 'entries')} (${sizeText(counts.bytes)}) of snapshot ${short(work.snapshot)} would be restored to ${work.directory}.`,
    note: `${counts.replace > 0 ? `${counted(counts.replace, 'file')} of the same name ${counts.replace === 1 ? 'is' : 'are'} replaced.` : 'Nothing is overwritten.'} ${work.privileges ? 'Owners and setuid bits are set.' : 'Owners and setuid bits are left out.'}`,
    items: [
      {
        key: 'restore',
        title: `${nameText(path)} to ${work.directory}`,
        detail: 'Each file gets its name only when its content is proven; afterwards everything is read back.',
        evidence: [],
        snapshots: [work.snapshot],
        machines: [],
        steps: [{ step: 'write', file: work.directory, bytes: counts.bytes, effect: counted(entries, 'entry', 'entries') }],
      },
    ],
    itemsTotal: 1,
    problems: [
      {
        wrong: `${counted(counts.damaged, 'entry', 'entries')} would be missing.`,
        why: 'They cannot be read from the store.',
        next: 'Check the snapshot to see what is damaged.',
        paths: damaged.slice(0, NAMED),
        pathsTotal: counts.damaged,
      },
      {
        wrong: `${counted(counts.refuse, 'entry', 'entries')} would not be restored.`,
        why: 'Something of that name is there.',
        next: 'Restore to an empty folder, or replace what is there.',
        paths: [...refused],
        pathsTotal: counts.refuse,
      },
    ].filter(({ pathsTotal }) => pathsTotal > 0),
    verb: 'Restore to the server',
    refusal: entries === 0 ? 'Nothing would be restored.' : null,
  };
}

export async function applyRestore(work: Restore, _engine: unknown, context: WorkContext): Promise<EngineOutcome> {
  const { signal, report } = context;
  const { snapshot, path } = await openAt(work, context);
  const label = `Restoring snapshot ${short(work.snapshot)}`;
  const run = restoreTo(snapshot, {
    path,
    ...targetOf(work),
    verify: true,
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

function targetOf(work: Restore) {
  const { directory, below, overwrite, privileges } = work;
  return { directory, below, conflict: overwrite ? ('overwrite' as const) : ('fail' as const), owners: privileges, setuid: privileges };
}
