import {
  GROUP_KEYS,
  type GroupKey,
  hasFilters,
  hasPeriods,
  listSnapshots,
  NotFoundError,
  openSnapshot,
  type OrphanProblem,
  parseMoment,
  PERIODS,
  type Periods,
  type Repository,
  type Selection,
  selectSnapshots,
  type SnapshotHeader,
} from '@wardrobe/kloset';
import { EXIT } from './exit-codes.js';
import { asCliError, usage } from './failures.js';
import { type Availability, candidates, type Reach, sourceFor } from './select.js';
import { type Session, warnOrphan, warnUnreadable } from './session.js';

/** What `addSelection` adds to a command, as commander hands it out; the counts of periods (`days`, `perDay` …) are read by name. */
export type SelectionOptions = {
  readonly before?: string;
  readonly since?: string;
  readonly name?: string;
  readonly category?: string;
  readonly environment?: string;
  readonly perimeter?: string;
  readonly job?: string;
  readonly dataset?: string;
  readonly dataClass?: readonly string[];
  readonly tag?: readonly string[];
  readonly root?: readonly string[];
  readonly origin?: readonly string[];
  readonly type?: readonly string[];
  readonly latest?: boolean;
  readonly groupBy?: string;
};

/** @throws CliError an empty value (it would select by nothing), a time or count that is none, an unknown group */
export function parseSelection(options: SelectionOptions, nowMs: number): Selection {
  const tags = pieces(options.tag, 'tag');
  return {
    filters: {
      beforeNs: moment(options.before, nowMs),
      sinceNs: moment(options.since, nowMs),
      name: said(options.name, 'name'),
      category: said(options.category, 'category'),
      environment: said(options.environment, 'environment'),
      perimeter: said(options.perimeter, 'perimeter'),
      job: said(options.job, 'job'),
      dataset: said(options.dataset, 'dataset'),
      dataClasses: pieces(options.dataClass, 'data-class'),
      tags: tags?.filter((tag) => !tag.startsWith('!')),
      withoutTags: tags?.filter((tag) => tag.startsWith('!')).map((tag) => tag.slice(1)),
      roots: pieces(options.root, 'root'),
      origins: pieces(options.origin, 'origin'),
      types: pieces(options.type, 'type'),
      latest: options.latest,
    },
    periods: parsePeriods(options),
    groupBy: parseGroup(options.groupBy),
  };
}

/** Whether the command line says anything about which snapshots are meant. */
export function isSelective(selection: Selection): boolean {
  return hasFilters(selection.filters) || hasPeriods(selection.periods);
}

/** An unset variable in a script must not become "all snapshots". */
function said(value: string | undefined, option: string): string | undefined {
  if (value !== undefined && value.trim() === '') throw usage(`--${option} is empty.`, 'Leave it out, or say what it is to be.');
  return value;
}

function pieces(values: readonly string[] | undefined, option: string): readonly string[] | undefined {
  if (values === undefined) return undefined;
  const all = values.flatMap((value) => value.split(',')).map((piece) => piece.trim());
  const named = all.filter((piece) => piece !== '' && piece !== '!');
  if (named.length === 0 || all.includes('!')) throw usage(`--${option} is empty.`, 'Leave it out, or say what it is to be.');
  return named;
}

function moment(text: string | undefined, nowMs: number): bigint | undefined {
  return text === undefined ? undefined : parseMoment(text, nowMs);
}

function parsePeriods(options: SelectionOptions): Periods {
  const periods: { -readonly [K in keyof Periods]: Periods[K] } = {};
  const given = new Map<string, unknown>(Object.entries(options));
  for (const period of PERIODS) {
    const keep = count(given.get(`${period}s`), `${period}s`);
    const cap = count(given.get(`per${period.charAt(0).toUpperCase()}${period.slice(1)}`), `per-${period}`);
    if (keep + cap > 0) periods[period] = { keep, cap };
  }
  return periods;
}

function count(value: unknown, option: string): number {
  if (value === undefined) return 0;
  if (typeof value !== 'string' || !/^[1-9]\d{0,6}$/.test(value)) throw usage(`--${option} needs a count from 1, not '${String(value)}'.`);
  return Number(value);
}

function parseGroup(text: string | undefined): GroupKey | null {
  if (text === undefined) return null;
  const key = GROUP_KEYS.find((known) => known === text);
  if (key === undefined) throw usage(`Snapshots cannot be grouped by '${text}'.`, `Group by one of: ${GROUP_KEYS.join(', ')}.`);
  return key;
}

export type Listed = { readonly header: SnapshotHeader; readonly availability: Availability };
/** `incomplete`: something that may bring, hide or change a snapshot could not be read; it was said on standard error. `broken`: ids without a readable header. */
export type Loaded = { readonly listed: readonly Listed[]; readonly incomplete: boolean; readonly broken: readonly string[] };

/** The headers of all snapshots within reach, in no order. */
export async function loadSnapshots(session: Session, repository: Repository, reach: Reach): Promise<Loaded> {
  let incomplete = warnUnreadable(session, repository);
  const listed: Listed[] = [];
  const broken: string[] = [];
  for await (const item of listSnapshots(repository, { signal: session.signal })) {
    if ('header' in item) listed.push({ header: item.header, availability: 'live' });
    else {
      broken.push(item.id);
      session.terminal.warn(`snapshot ${item.id} cannot be read: ${item.error.message}`);
    }
  }
  const onProblem = (problem: OrphanProblem) => {
    incomplete = true;
    warnOrphan(session, problem);
  };
  for (const { id, availability } of await candidates(repository, reach, { signal: session.signal, onProblem })) {
    if (availability === 'live') continue;
    const found = await outOfSight(session, repository, { id, availability });
    if (found === 'damaged') broken.push(id);
    else if (found !== 'gone') listed.push(found);
  }
  return { listed, incomplete: incomplete || broken.length > 0, broken };
}

/** A deleted snapshot may be gone for good: then it is said and left out. Damage is damage, also out of sight. */
async function outOfSight(
  session: Session,
  repository: Repository,
  { id, availability }: { readonly id: SnapshotHeader['id']; readonly availability: Availability },
): Promise<Listed | 'gone' | 'damaged'> {
  try {
    const snapshot = await openSnapshot(await sourceFor(repository, availability, session.signal), id, { signal: session.signal });
    return { header: snapshot.header, availability };
  } catch (error) {
    const known = asCliError(error);
    if (known === null) throw error;
    session.terminal.warn(`${availability} snapshot ${id} cannot be opened any more: ${known.sentence}`);
    return availability === 'deleted' && error instanceof NotFoundError ? 'gone' : known.exitCode === EXIT.damaged ? 'damaged' : 'gone';
  }
}

/** Those that are meant, newest first. */
export function chooseSnapshots({ listed }: Pick<Loaded, 'listed'>, selection: Selection, nowMs: number): readonly Listed[] {
  const byHeader = new Map(listed.map((item) => [item.header, item]));
  return selectSnapshots([...byHeader.keys()], selection, BigInt(nowMs) * 1_000_000n).flatMap((header) => byHeader.get(header) ?? []);
}
