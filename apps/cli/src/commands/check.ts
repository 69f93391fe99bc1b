import { type CheckSummary, checkSnapshots, checkStore, type Repository, type SnapshotSource } from '@wardrobe/kloset';
import { type SnapshotId, sizeText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { namePair } from '../json.js';
import { candidates, type Reach, select, sourceFor } from '../select.js';
import { openStore, type Session } from '../session.js';
import { printable } from '../printable.js';

export type CheckOptions = Reach & { readonly fast?: boolean; readonly json?: boolean };
type Part = { readonly source: SnapshotSource; readonly snapshots: readonly SnapshotId[]; readonly path?: Uint8Array };

/** `check`: the store's own files and every snapshot, or one snapshot or path. Any damage ends with 65; each problem is a line, a summary comes last. */
export async function check(session: Session, argument: string | undefined, options: CheckOptions): Promise<ExitCode> {
  const repository = await openStore(session);
  let problems = 0;
  if (argument === undefined) problems += await checkFiles(session, repository, options);
  const totals = { snapshots: 0, damagedSnapshots: 0, entries: 0, objects: 0, chunks: 0, bytes: 0 };
  for (const part of await partsOf(session, repository, { argument, options })) {
    const summary = await checkPart(session, part, options);
    problems += summary.problems;
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += summary[key];
  }
  session.terminal.progress.clear();
  if (options.json) await session.terminal.json({ checked: totals, problems, fast: options.fast === true });
  else {
    const read = options.fast ? 'nothing read' : `${sizeText(totals.bytes)} read`;
    await session.terminal.line(
      `${counted(totals.snapshots, 'snapshot')} checked (${counted(totals.objects, 'object')}, ${read}): ${problems === 0 ? 'no damage' : `${counted(problems, 'problem')}, ${counted(totals.damagedSnapshots, 'snapshot')} hit`}`,
    );
  }
  return problems > 0 ? EXIT.damaged : EXIT.fine;
}

async function checkFiles(session: Session, repository: Repository, options: CheckOptions): Promise<number> {
  let errors = 0;
  for await (const problem of checkStore(repository, {
    fast: options.fast,
    signal: session.signal,
    onProgress: (done, total) => session.terminal.progress.show('reading packfiles', done, total),
  })) {
    if (problem.severity === 'error') errors += 1;
    const hit = problem.snapshots.map((id) => id.slice(0, 8));
    if (options.json)
      await session.terminal.json({
        file: `${problem.kind}s/${problem.id}`,
        severity: problem.severity,
        snapshots: problem.snapshots,
        code: problem.error.code,
        message: problem.error.message,
      });
    else
      await session.terminal.line(
        `${problem.severity === 'error' ? 'damaged' : 'warning'}: ${problem.kind} ${problem.id}: ${problem.error.message}${hit.length > 0 ? ` (holds the header of ${hit.join(', ')})` : ''}`,
      );
  }
  return errors;
}

async function partsOf(
  session: Session,
  repository: Repository,
  { argument, options }: { readonly argument: string | undefined; readonly options: CheckOptions },
): Promise<Part[]> {
  if (argument !== undefined) {
    const { snapshot, path, availability } = await select(session, repository, { argument, reach: options });
    const source = await sourceFor(repository, availability, session.signal);
    return [{ source, snapshots: [snapshot.header.id], ...(argument.includes(':') ? { path } : {}) }];
  }
  const all = await candidates(repository, options, { signal: session.signal, onProblem: () => undefined });
  const live = all.filter(({ availability }) => availability === 'live').map(({ id }) => id);
  const others = all.filter(({ availability }) => availability !== 'live').map(({ id }) => id);
  return [
    { source: repository, snapshots: live },
    ...(others.length > 0 ? [{ source: await sourceFor(repository, 'hidden', session.signal), snapshots: others }] : []),
  ];
}

async function checkPart(session: Session, { source, snapshots, path }: Part, options: CheckOptions): Promise<CheckSummary> {
  const run = checkSnapshots(source, {
    snapshots,
    path,
    fast: options.fast,
    signal: session.signal,
    onProgress: ({ objects }) => session.terminal.progress.show('checking objects', objects, null),
  });
  for (;;) {
    const step = await run.next();
    if (step.done) return step.value;
    const { snapshot, path: name, what, id, error } = step.value;
    if (options.json)
      await session.terminal.json({ snapshot, ...(name ? namePair('path', name) : { path: null }), what, id, code: error.code, message: error.message });
    else await session.terminal.line(`damaged: ${snapshot.slice(0, 8)}:${name ? printable(name.text) : ''} ${what}: ${error.message}`);
  }
}
