import { randomBytes } from 'node:crypto';
import {
  type CheckSummary,
  checkSnapshots,
  checkStore,
  type ContentProofs,
  contentProofs,
  deriveOnThread,
  EarlyThreads,
  type KlosetError,
  type Readers,
  readersFor,
  type Repository,
  type SampleChoice,
  SNAPSHOT_BLOB,
  type SnapshotSource,
  storeAsItIs,
  type StoreCounts,
  wholeStore,
  type WholeStore,
} from '@wardrobe/kloset';
import { type Mac, type SnapshotId, sizeText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { keepOldSmall } from '../heap.js';
import { namePair } from '../json.js';
import { printable } from '../printable.js';
import { type Availability, candidates, type Reach, select, sourceFor } from '../select.js';
import { chooseSnapshots, isSelective, loadSnapshots, parseSelection, type SelectionOptions } from '../selection.js';
import { openStore, type Session } from '../session.js';

export type CheckOptions = Reach &
  SelectionOptions & {
    readonly fast?: boolean;
    readonly verify: boolean;
    readonly store?: boolean;
    readonly percent?: string;
    readonly seed?: string;
    readonly json?: boolean;
  };
type Part = { readonly source: SnapshotSource; readonly snapshots: readonly SnapshotId[]; readonly path?: Uint8Array };
/** What is looked at, and how closely. */
type Mode = {
  readonly options: CheckOptions;
  readonly sample: SampleChoice | undefined;
  /** Whether the contents of objects are read; `--store` proves them as blobs instead. */
  readonly fast: boolean;
  readonly damagedChunks: Map<Mac, KlosetError>;
};

/** `check`: the store's own files and every snapshot, or some snapshots or paths. Any damage ends with 65; each problem is a line, a summary comes last. */
export async function check(session: Session, args: readonly string[], options: CheckOptions): Promise<ExitCode> {
  keepOldSmall();
  const nowMs = Date.now();
  const selection = parseSelection(options, nowMs);
  const isWhole = args.length === 0 && !isSelective(selection);
  const mode: Mode = { options, sample: sampleOf(options), fast: options.fast === true || options.store === true, damagedChunks: new Map() };
  if (options.store === true && !isWhole) throw usage('--store reads the whole store, snapshots cannot be chosen beside it.', 'Leave out one of the two.');
  if (options.fast === true && (options.store === true || mode.sample !== undefined))
    throw usage('--fast reads no content: --store and --percent say the opposite.');
  const isRead = isWhole && options.fast !== true && mode.sample === undefined;
  const early = new EarlyThreads();
  let found: Found;
  try {
    const opened = await openStore(session, {
      derive: deriveOnThread,
      onKey: ({ localPath }) => {
        if (isRead && localPath !== undefined) early.start();
      },
    });
    const whole = isRead ? await wholeStore(opened, { blobs: options.store === true, signal: session.signal }) : storeAsItIs(opened);
    try {
      found = await withReaders(whole, early, (checked) => checkAll(session, checked, { mode, isWhole, args, nowMs }));
    } finally {
      await whole.close();
    }
  } finally {
    await early.close();
  }
  session.terminal.progress.clear();
  const { isIncomplete, ...end } = found;
  if (options.json) await printJson(session, { mode, ...end });
  else await printEnd(session, { mode, ...end });
  return found.problems > 0 || isIncomplete ? EXIT.damaged : EXIT.fine;
}

/** `readers`: the same threads first for the files of the store and then for the snapshots. */
type Checked = Pick<WholeStore, 'repository' | 'proofs'> & { readonly readers: Readers | undefined; readonly contents?: ContentProofs | undefined };

async function withReaders<T>({ repository, proofs }: WholeStore, early: EarlyThreads, work: (checked: Checked) => Promise<T>): Promise<T> {
  const readers = (await readersFor(repository, { early })) ?? undefined;
  try {
    return await work({ repository, proofs, readers });
  } finally {
    await readers?.close();
  }
}

type Found = Omit<End, 'mode'> & { readonly isIncomplete: boolean };

/** Over a line snapshots come first: what is read for them proves the files too. With `--store` the files tell first which chunks are damaged. */
async function checkAll(
  session: Session,
  checked: Checked,
  { mode, isWhole, args, nowMs }: { readonly mode: Mode; readonly isWhole: boolean; readonly args: readonly string[]; readonly nowMs: number },
): Promise<Found> {
  const { options } = mode;
  const { repository, proofs, readers } = checked;
  const isFilesFirst = proofs === null || options.store === true;
  // What is proven of contents with the packfiles is not read once more for the snapshots.
  const isShared = isWhole && proofs === null && readers !== undefined && !mode.fast && mode.sample === undefined;
  const contents = isShared ? contentProofs(repository) : undefined;
  const filesBefore = isWhole && isFilesFirst ? await checkFiles(session, { ...checked, contents }, mode) : null;
  const { parts, isIncomplete } = await partsOf(session, repository, { args, options, nowMs });
  const totals = { snapshots: 0, damagedSnapshots: 0, entries: 0, objects: 0, objectsNotRead: 0, chunks: 0, bytes: 0 };
  let problems = 0;
  for (const part of parts) {
    const shared = part.source === repository ? { readers, contents } : {};
    const summary = await checkPart(session, part, { mode, ...shared });
    problems += summary.problems;
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += summary[key];
  }
  const files = isWhole && !isFilesFirst ? await checkFiles(session, checked, mode) : filesBefore;
  return { totals, files: files?.counts ?? null, problems: problems + (files?.errors ?? 0), isIncomplete };
}

type End = { readonly mode: Mode; readonly totals: Omit<CheckSummary, 'problems'>; readonly files: StoreCounts | null; readonly problems: number };

async function printJson(session: Session, { mode, totals, files, problems }: End): Promise<void> {
  const { options, sample } = mode;
  await session.terminal.json({
    checked: totals,
    ...(files === null ? {} : { store: files }),
    problems,
    fast: options.fast === true,
    ...(sample === undefined
      ? {}
      : { sample: { ...sample, objectsNotRead: options.store ? 0 : totals.objectsNotRead, packfilesNotRead: files?.packfilesNotRead ?? 0 } }),
  });
}

async function printEnd(session: Session, { mode, totals, files, problems }: End): Promise<void> {
  const { options, sample } = mode;
  const read = options.store
    ? `${counted(files?.blobs ?? 0, 'blob')} in ${counted(files?.packfilesRead ?? 0, 'packfile')} read`
    : options.fast
      ? 'nothing read'
      : `${sizeText(totals.bytes)} read`;
  const verdict = problems === 0 ? 'no damage' : `${counted(problems, 'problem')}, ${counted(totals.damagedSnapshots, 'snapshot')} hit`;
  await session.terminal.line(`${counted(totals.snapshots, 'snapshot')} checked (${counted(totals.objects, 'object')}, ${read}): ${verdict}`);
  if (sample === undefined) return;
  const parts = [
    ...(files === null ? [] : [`${files.packfilesNotRead} of ${counted(files.packfiles, 'packfile')}`]),
    ...(options.store ? [] : [`the contents of ${totals.objectsNotRead} of ${counted(totals.objects, 'object')}`]),
  ];
  await session.terminal.line(
    `Not read: ${parts.join(' and ')}; that they exist was checked. The same sample again: --percent ${sample.percent} --seed ${sample.seed}`,
  );
}

function sampleOf(options: CheckOptions): SampleChoice | undefined {
  if (options.percent === undefined) {
    if (options.seed !== undefined) throw usage('--seed chooses a sample, and none is asked for.', 'Give --percent too.');
    return undefined;
  }
  const percent = Number(options.percent.replace(/%$/, ''));
  if (!(percent > 0 && percent <= 100)) throw usage(`'${options.percent}' is no share.`, 'Write it like --percent 10; above 0, at most 100.');
  return { percent, seed: options.seed ?? randomBytes(4).toString('hex') };
}

type CheckedFiles = { readonly errors: number; readonly counts: StoreCounts | null };

async function checkFiles(session: Session, { repository, proofs, readers, contents }: Checked, mode: Mode): Promise<CheckedFiles> {
  const { options } = mode;
  let errors = 0;
  let counts: StoreCounts | null = null;
  for await (const problem of checkStore(repository, {
    fast: options.fast,
    blobs: options.store,
    sample: mode.sample,
    readers,
    proofs,
    contents,
    signal: session.signal,
    onCounts: (told) => {
      counts = told;
    },
    onProgress: (done, total) => session.terminal.progress.show('reading packfiles', done, total),
  })) {
    if (problem.severity === 'error') errors += 1;
    if (problem.kind === 'blob' && problem.type === SNAPSHOT_BLOB.chunk && problem.severity === 'error') mode.damagedChunks.set(problem.id, problem.error);
    const hit = problem.snapshots.map((id) => id.slice(0, 8));
    if (options.json)
      await session.terminal.json({
        ...(problem.kind === 'blob' ? { blob: problem.id, type: problem.type } : { file: `${problem.kind}s/${problem.id}` }),
        severity: problem.severity,
        snapshots: problem.snapshots,
        code: problem.error.code,
        message: problem.error.message,
      });
    else
      await session.terminal.line(
        `${problem.severity === 'error' ? 'damaged' : 'warning'}: ${problem.kind} ${problem.id}: ${problem.error.message}${hit.length > 0 ? ` (holds the header of ${hit.join(', ')})` : ''}${problem.kind === 'blob' && problem.severity === 'warning' ? '; another copy of it is sound' : ''}`,
      );
  }
  return { errors, counts };
}

async function partsOf(
  session: Session,
  repository: Repository,
  { args, options, nowMs }: { readonly args: readonly string[]; readonly options: CheckOptions; readonly nowMs: number },
): Promise<{ readonly parts: readonly Part[]; readonly isIncomplete: boolean }> {
  const selection = parseSelection(options, nowMs);
  const isByConditions = isSelective(selection);
  const loaded = isByConditions ? await loadSnapshots(session, repository, options) : null;
  const chosen = loaded === null ? null : chooseSnapshots(loaded, selection, nowMs);
  const isIncomplete = loaded?.incomplete ?? false;
  if (args.length > 0) {
    const parts: Part[] = [];
    for (const argument of args) {
      const { snapshot, path, availability } = await select(session, repository, { argument, reach: options });
      const { id } = snapshot.header;
      if (chosen !== null && !chosen.some(({ header }) => header.id === id)) {
        session.terminal.warn(`${id.slice(0, 8)} is left out: the conditions do not hold for it`);
        continue;
      }
      const source = await sourceFor(repository, availability, session.signal);
      const last = parts.at(-1);
      // Snapshots that are checked together read what they share once.
      if (argument.includes(':') || argument.startsWith('/')) parts.push({ source, snapshots: [id], path });
      else if (last !== undefined && last.source === source && last.path === undefined) parts.splice(-1, 1, { source, snapshots: [...last.snapshots, id] });
      else parts.push({ source, snapshots: [id] });
    }
    return { parts, isIncomplete };
  }
  const all =
    chosen === null
      ? await candidates(repository, options, { signal: session.signal, onProblem: () => undefined })
      : chosen.map(({ header, availability }) => ({ id: header.id, availability }));
  const idsOf = (isWanted: (availability: Availability) => boolean): SnapshotId[] =>
    all.filter(({ availability }) => isWanted(availability)).map(({ id }) => id);
  const others = idsOf((availability) => availability !== 'live');
  const parts: Part[] = [
    { source: repository, snapshots: idsOf((availability) => availability === 'live') },
    ...(others.length > 0 ? [{ source: await sourceFor(repository, 'hidden', session.signal), snapshots: others }] : []),
  ];
  return { parts, isIncomplete };
}

async function checkPart(
  session: Session,
  { source, snapshots, path }: Part,
  { mode, readers, contents }: { readonly mode: Mode; readonly readers?: Readers | undefined; readonly contents?: ContentProofs | undefined },
): Promise<CheckSummary> {
  const { options, sample, fast, damagedChunks } = mode;
  const run = checkSnapshots(source, {
    snapshots,
    path,
    fast,
    sample: options.store ? undefined : sample,
    damagedChunks,
    readers,
    contents,
    withoutSignatures: !options.verify,
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
