import { join } from 'node:path';
import {
  applyDamage,
  type Damage,
  damageName,
  type FixtureName,
  removeFolder,
  seededRandom,
  type SeededRandom,
  temporaryFolder,
  TRUNCATIONS,
  unpackFixture,
} from '@wardrobe/testing';
import { type Judged, judge, judgeCat, judgeRestore, type Verdict, wrong } from './laws.js';
import type { HereRun } from './run-here.js';
import { indexFor, readTree, snapshotsOf, type SoundStore } from './sound-store.js';
import { firstFile, type StoreTarget } from './store-map.js';

export type Counts = { told: number; harmless: number; wrong: number };
export type MatrixResult = { readonly rows: Map<string, Counts>; readonly wrong: string[]; cells: number; commands: number };

const BYTE_DAMAGES: readonly Damage[] = [{ kind: 'one bit' }, { kind: '8 bytes' }, { kind: 'zeroed' }];
const FILE_DAMAGES: readonly Damage[] = [
  ...BYTE_DAMAGES,
  ...TRUNCATIONS.map((to): Damage => ({ kind: 'truncated', to })),
  { kind: 'deleted' },
  { kind: 'swapped' },
  { kind: 'overwritten by another' },
  { kind: 'from another store' },
];
const WHOLE = new Set(['CONFIG', 'state', 'packfile', 'orphan packfile', 'lock']);
/** Commands of every cell; parts of packfiles get the others by turns. */
const ALWAYS = new Set(['ls --json', 'check --json']);
const NOW = ['--now', '2026-11-24T00:00:00Z'];

type Cell = { readonly target: StoreTarget; readonly damage: Damage; readonly index: 'cold' | 'warm'; readonly rot: boolean };

/** Runs the cells of one store: each is damaged, looked at with every command, and mended. */
export async function runMatrix(
  store: SoundStore,
  options: { readonly seed: number; readonly perCell: number; readonly budgetMs: number },
): Promise<MatrixResult> {
  const random = seededRandom(options.seed);
  const result: MatrixResult = { rows: new Map(), wrong: [], cells: 0, commands: 0 };
  for (const args of [...wholeCommands(store), ...snapshotsOf(store.map).map(listCommand)]) await store.baseline(args);
  const startedMs = performance.now();
  for (const cell of cellsOf(store, random, options.perCell)) {
    if (performance.now() - startedMs > options.budgetMs) break;
    await runCell(store, { cell, random }, result);
  }
  return result;
}

/** Every kind with every damage; rounds first, so that a short budget still sees each pair. */
function cellsOf(store: SoundStore, random: SeededRandom, perCell: number): Cell[] {
  const cells: Cell[] = [];
  for (let round = 0; round < perCell; round += 1) {
    const warm = round % 2 === 1;
    const ofRound: Cell[] = [];
    for (const [kind, targets] of store.map.targets)
      for (const damage of WHOLE.has(kind) ? FILE_DAMAGES : BYTE_DAMAGES)
        ofRound.push({ target: random.pick(targets), damage, index: warm ? 'warm' : 'cold', rot: warm && random.below(2) === 0 });
    cells.push(...random.shuffle(ofRound));
  }
  return cells;
}

async function runCell(store: SoundStore, { cell, random }: { readonly cell: Cell; readonly random: SeededRandom }, result: MatrixResult): Promise<void> {
  const { target, damage } = cell;
  const undo = await applyDamage(damage, { path: target.path, region: target.region, keepTime: cell.rot, ...(await othersOf(store, target)) }, random);
  if (undo === null) return;
  const index = await indexFor(store, cell.index);
  const verdicts: { readonly command: string; readonly verdict: Verdict }[] = [];
  try {
    for await (const judged of lookAtAll(store, { cell, index, random })) verdicts.push(judged);
  } finally {
    await undo();
    await removeFolder(index);
  }
  count(result, { cell, verdicts });
}

function count(
  result: MatrixResult,
  { cell, verdicts }: { readonly cell: Cell; readonly verdicts: readonly { readonly command: string; readonly verdict: Verdict }[] },
): void {
  const key = `${cell.target.kind}\t${cell.damage.kind}`;
  const row = result.rows.get(key) ?? { told: 0, harmless: 0, wrong: 0 };
  result.rows.set(key, row);
  result.cells += 1;
  result.commands += verdicts.length;
  const broken = verdicts.filter(({ verdict }) => verdict.kind === 'wrong');
  if (broken.length > 0) row.wrong += 1;
  else if (verdicts.some(({ verdict }) => verdict.kind === 'told')) row.told += 1;
  else row.harmless += 1;
  const about = `${cell.target.kind} ${cell.target.file.slice(0, 8)}${cell.target.blob === null ? '' : ` blob ${cell.target.blob.slice(0, 8)}`}, ${damageName(cell.damage)}, index ${cell.index}${cell.rot ? ', same time' : ''}`;
  for (const { command, verdict } of broken) if (verdict.kind === 'wrong') result.wrong.push(`${about}\n  ${command}: ${verdict.why}`);
}

async function othersOf(store: SoundStore, target: StoreTarget): Promise<{ readonly other?: string; readonly foreign?: string }> {
  const folder = { CONFIG: 'CONFIG', state: 'states', lock: 'locks' }[target.kind] ?? 'packfiles';
  const same = [...store.map.targets.values()].flat().filter((other) => other.path !== target.path && other.region === undefined && sameFolder(other, target));
  const foreignName = (store.name.startsWith('v10') ? store.name.replace('v10', 'v11') : store.name.replace('v11', 'v10')) as FixtureName;
  const foreign = await firstFile((await unpackFixture(foreignName)).storeDir, folder);
  const [other] = same;
  return { ...(other === undefined ? {} : { other: other.path }), ...(foreign === undefined ? {} : { foreign }) };
}

function sameFolder(a: StoreTarget, b: StoreTarget): boolean {
  const folder = (target: StoreTarget): string => (target.kind === 'state' || target.kind === 'lock' || target.kind === 'CONFIG' ? target.kind : 'packfile');
  return folder(a) === folder(b);
}

type Look = { readonly cell: Cell; readonly index: string; readonly random: SeededRandom };

function wholeCommands(store: SoundStore): (readonly string[])[] {
  const reports = store.reports.flatMap((file) => ['--report', file]);
  return [
    ['info', '--json'],
    ['ls', '--json'],
    ['ls', '--deleted', '--hidden', '--json'],
    ['hidden', '--json'],
    ['states', '--json'],
    ['locks', '--json'],
    ['divergence', ...reports, ...NOW, '--json'],
    ['check', '--json'],
  ];
}

function listCommand({ id, flags }: { readonly id: string; readonly flags: readonly string[] }): readonly string[] {
  return ['ls', '--recursive', '--json', ...flags, id];
}

async function* lookAtAll(store: SoundStore, look: Look): AsyncGenerator<{ readonly command: string; readonly verdict: Verdict }> {
  const { cell } = look;
  for (const args of wholeCommands(store)) {
    if (!ALWAYS.has(args.slice(0, 2).join(' ')) && !WHOLE.has(cell.target.kind) && look.random.below(3) > 0) continue;
    const run = await store.run(args, look.index);
    yield { command: args.slice(0, 2).join(' '), verdict: await judgeWhole(store, { cell, args, run }) };
  }
  for (const snapshot of chosenSnapshots(store, look)) yield* lookAtOne(store, { ...look, snapshot });
}

/** Two snapshots a cell: one that the damage may hit, one that it does not, where there are such. */
function chosenSnapshots(store: SoundStore, { cell, random }: Look): { readonly id: string; readonly flags: readonly string[] }[] {
  const all = random.shuffle(snapshotsOf(store.map));
  const hit = all.find(({ id }) => [...cell.target.snapshots].some((snapshot) => snapshot === id)) ?? all[0];
  const spared = all.find(({ id, flags }) => id !== hit?.id && flags.length === 0 && ![...cell.target.snapshots].some((snapshot) => snapshot === id));
  return [hit, spared].filter((snapshot) => snapshot !== undefined);
}

async function judgeWhole(
  store: SoundStore,
  { cell, args, run }: { readonly cell: Cell; readonly args: readonly string[]; readonly run: HereRun },
): Promise<Verdict> {
  const [command] = args;
  const sound = await store.baseline(args);
  const verdict = judge({ run, sound, names: namesOf(cell), codes: codesOf(cell), mayDiffer: mayDiffer(cell, command ?? '') });
  if (verdict.kind === 'wrong') return verdict;
  if (command === 'check' && verdict.kind === 'same' && mustBeFound(cell)) return wrong('check finds nothing', run);
  if (command === 'check' && run.code === 0 && mustFail(cell)) return wrong('check ends with 0', run);
  if (command === 'ls' && cell.target.kind !== 'CONFIG') {
    const lost = sparedSnapshots(store, cell).find((id) => !run.out.includes(`{"id":"${id}"`));
    if (lost !== undefined) return wrong(`snapshot ${lost} is hidden by a damage that does not hit it`, run);
  }
  if (command === 'ls' && run.code === 65 && !run.out.trimEnd().split('\n').at(-1)?.includes('"incomplete":true') && cell.target.kind !== 'CONFIG')
    return wrong('no last line that says incomplete', run);
  return verdict;
}

/**
 * What leaves no trace in the store when it is gone: a state (what it brought is hidden then, what it deleted is back; only machines' reports tell) and a
 * packfile that no state names, or a lock.
 */
function isForgotten(cell: Cell): boolean {
  return cell.damage.kind === 'deleted' && ['state', 'orphan packfile', 'lock'].includes(cell.target.kind);
}

function mayDiffer(cell: Cell, command: string): boolean {
  if (isForgotten(cell) || cell.target.kind === 'CONFIG') return true;
  // What an unreadable state deleted is listed again; the answer says that it is incomplete.
  if (command === 'ls' && cell.target.kind === 'state') return true;
  // Swapped states say the same under other names.
  if (command === 'states' && cell.damage.kind === 'swapped') return true;
  return ['info', 'states', 'divergence', 'check', 'locks', 'hidden'].includes(command);
}

function namesOf(cell: Cell): readonly string[] {
  if (isForgotten(cell)) return [];
  if (cell.target.kind === 'CONFIG') return ['CONFIG', 'passphrase', 'state file'];
  if (cell.damage.kind === 'swapped') return [];
  return [cell.target.file, ...(cell.target.blob === null ? [] : [cell.target.blob])];
}

function codesOf(cell: Cell): readonly number[] {
  if (cell.target.kind === 'CONFIG') return cell.damage.kind === 'deleted' ? [1] : [1, 65, 77];
  return isForgotten(cell) ? [1, 65] : [65];
}

/** Damage that `check` has to tell of: all but what says the same under another name. */
function mustBeFound(cell: Cell): boolean {
  return (
    !isForgotten(cell) &&
    !(cell.target.kind === 'state' && cell.damage.kind === 'swapped') &&
    !(cell.target.kind === 'lock' && ['deleted', 'swapped', 'overwritten by another'].includes(cell.damage.kind))
  );
}

function mustFail(cell: Cell): boolean {
  const { kind } = cell.target;
  return mustBeFound(cell) && kind !== 'lock' && kind !== 'padding' && kind !== 'orphan packfile';
}

/** Live snapshots that this damage cannot touch. */
function sparedSnapshots(store: SoundStore, cell: Cell): string[] {
  const { target } = cell;
  if (target.kind === 'state') return store.map.live.filter((id) => (store.map.bringers.get(id) ?? []).some((state) => state !== target.file));
  // Swapping hits a second file, which may hold anything.
  if (cell.damage.kind === 'swapped') return [];
  return store.map.live.filter((id) => ![...target.snapshots].some((snapshot) => snapshot === id));
}

async function* lookAtOne(
  store: SoundStore,
  look: Look & { readonly snapshot: { readonly id: string; readonly flags: readonly string[] } },
): AsyncGenerator<{ readonly command: string; readonly verdict: Verdict }> {
  const { cell, snapshot, index } = look;
  const { id, flags } = snapshot;
  const judged: Pick<Judged, 'names' | 'codes'> = { names: namesOf(cell), codes: [...codesOf(cell), ...(mayBeGone(cell, flags) ? [1] : [])] };
  const isSpared = cell.target.kind !== 'state' && sparedSnapshots(store, cell).includes(id as never);
  const strict = (command: string, verdict: Verdict, run: HereRun) => ({
    command: `${command} ${id.slice(0, 8)}`,
    verdict:
      isSpared && cell.target.kind !== 'CONFIG' && verdict.kind !== 'wrong' && run.code !== 0
        ? wrong('a snapshot that is not hit cannot be used', run)
        : verdict,
  });
  const names = judged.codes.includes(1) ? [] : judged.names;
  const list = listCommand(snapshot);
  const listed = await store.run(list, index);
  yield strict('ls --recursive', judge({ ...judged, names, run: listed, sound: await store.baseline(list), mayDiffer: false }), listed);
  const files = [...(store.files.get(id) ?? [])].slice(0, 60).map(([path, content]) => ({ argument: `${id}:${path}`, content }));
  const cat = await store.run(['cat', ...flags, ...files.map((file) => file.argument)], index);
  yield strict('cat', judgeCat({ ...judged, names, run: cat }, files), cat);
  if (!WHOLE.has(cell.target.kind) && look.random.below(2) === 0) return;
  const to = join(await temporaryFolder('restore'), 'out');
  const restored = await store.run(['restore', '--to', to, ...flags, id], index);
  const got = restored.code === 0 || restored.out.length > 0 ? await readTree(to) : new Map<string, Buffer>();
  yield strict('restore', judgeRestore({ ...judged, names, run: restored }, { got, sound: store.files.get(id) ?? new Map() }), restored);
  await removeFolder(join(to, '..'));
}

/** A deleted or hidden snapshot may not be found any more when what tells of it is damaged; a live one when its state is gone. */
function mayBeGone(cell: Cell, flags: readonly string[]): boolean {
  return isForgotten(cell) || (flags.length > 0 && (cell.target.kind === 'state' || cell.target.kind.includes('packfile'))) || cell.target.kind === 'state';
}
