import { readFileSync } from 'node:fs';
import { configuredPassphrase, openLocation, parseOptions, type ResolvedStore, resolveLocation } from '@wardrobe/connections';
import { type OpenOptions, openRepository, type OrphanProblem, PassphraseNeededError, type Repository, type WritableStore } from '@wardrobe/kloset';
import { counted } from '@wardrobe/words';
import type { CliEnvironment } from './env.js';
import { sayMistake, usage } from './failures.js';
import { optimizeLater } from './heap.js';
import { askHidden, type Terminal } from './terminal.js';

/** What every command gets: where it prints, what it may open, and the signal that ends it. */
export type Session = {
  readonly terminal: Terminal;
  readonly env: CliEnvironment;
  /** The store as it was named: a location or `@name`. May hold a password, so it is never printed. */
  readonly storeText: string;
  /** The same for messages. */
  readonly storeLocation: string;
  /** Options of that store, `KEY=VALUE`. */
  readonly storeOptions: readonly string[];
  readonly keyfile: string | null;
  readonly useIndex: boolean;
  readonly signal: AbortSignal;
  /** Runs before the process ends. */
  readonly onClose: (() => Promise<void>)[];
};

/** `onKey`: called when a key is about to be derived, which takes a while. */
export type Opening = Pick<OpenOptions, 'derive'> & { readonly onKey?: (store: WritableStore) => void };

/** Opens the store named on the command line; asks for the passphrase on a terminal when nothing else gives it. */
export async function openStore(session: Session, { derive, onKey }: Opening = {}): Promise<Repository> {
  const resolved = await resolveStore(session);
  const store = await openResolved(session, resolved);
  const given = await givenPassphrase(session, resolved);
  const open = (passphrase: string | undefined): Promise<Repository> =>
    openRepository(store, {
      passphrase,
      derive,
      indexDirectory: session.useIndex ? session.env.indexDirectory : undefined,
      signal: session.signal,
      onProgress: ({ phase, done, total }) => {
        session.terminal.progress.show(PHASES[phase], done, total);
        if (phase === 'key') onKey?.(store);
      },
    });
  const repository = await openAsking(session, given, open);
  session.terminal.progress.clear();
  session.onClose.push(() => repository.close());
  warnForeignConfig(session, repository);
  if (session.useIndex) await remember(session, repository);
  return repository;
}

/** Not one state fits: then it is rather CONFIG that is wrong. */
function warnForeignConfig(session: Session, { view }: Repository): void {
  if (view.states.length > 0 || view.unreadable.length === 0 || view.unreadable.some(({ error }) => error.code !== 'integrity')) return;
  session.terminal.warn('no state file fits CONFIG: it may be the CONFIG of another store. Put the right one back from a copy of the store.');
}

/** A full or read-only disk must not keep anybody from reading a store. Loaded apart, because it brings the report's schema along. */
async function remember(session: Session, repository: Repository): Promise<void> {
  const { rememberSighting } = await import('./agent/remember.js');
  try {
    rememberSighting(session.env.indexDirectory, repository);
  } catch (error) {
    session.terminal.warn(`what was seen could not be noted beside the state index: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const PHASES = { key: 'deriving the key', list: 'listing states', states: 'reading states', index: 'building the index' } as const;

async function openAsking(session: Session, given: string | undefined, open: (passphrase: string | undefined) => Promise<Repository>): Promise<Repository> {
  try {
    return await open(given);
  } catch (error) {
    if (!(error instanceof PassphraseNeededError) || !process.stdin.isTTY) throw error;
    return open(await askHidden(`Passphrase of ${session.storeLocation}: `));
  }
}

/** From `--keyfile`, the configuration of the store, or the environment: the first one that is there is final. @source 04-remote-stores 9.3 */
export async function givenPassphrase(session: Session, store: ResolvedStore): Promise<string | undefined> {
  if (session.keyfile !== null) return readKeyfile(session.keyfile);
  return (await sayMistake(() => configuredPassphrase(store, session.signal))) ?? session.env.passphrase;
}

/** The passphrase in a file, without one trailing line feed. */
export function readKeyfile(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\n$/, '');
  } catch (error) {
    throw usage(`The key file cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** Prefixes of variables that give options of the first and of the second store of a command. */
const OPTION_PREFIX = 'WARDROBE_OPTION_';
const SECOND_PREFIX = 'WARDROBE_SYNC_OPTION_';

/** What the store of the command line stands for. @throws CliError */
export function resolveStore(session: Session): Promise<ResolvedStore> {
  return sayMistake(() =>
    resolveLocation(session.storeText, {
      options: parseOptions(session.storeOptions),
      surroundings: session.env.surroundings,
      environmentPrefix: OPTION_PREFIX,
    }),
  );
}

/** What the name of another store stands for. Its options are its own: those of the first could be keys of another host. @throws CliError */
export function resolveSecond(session: Session, text: string, options: readonly string[]): Promise<ResolvedStore> {
  return sayMistake(() => resolveLocation(text, { options: parseOptions(options), surroundings: session.env.surroundings, environmentPrefix: SECOND_PREFIX }));
}

export async function openResolved(session: Session, resolved: ResolvedStore): Promise<WritableStore> {
  const store = await sayMistake(() => openLocation(resolved, session.env.surroundings));
  if (store.line !== undefined) optimizeLater();
  return store;
}

/**
 * Says on standard error that states are unreadable. Lists made from such a store may lack or falsely hold snapshots.
 * @returns whether the answer is incomplete
 */
export function warnUnreadable(session: Session, repository: Repository): boolean {
  const { unreadable } = repository.view;
  for (const state of unreadable) session.terminal.warn(`state file ${state.id} cannot be read: ${state.error.message}`);
  if (unreadable.length > 0)
    session.terminal.warn(
      `the list may be incomplete: ${counted(unreadable.length, 'state')} could add or remove snapshots. Next: wardrobe at ${session.storeLocation} hidden`,
    );
  return unreadable.length > 0;
}

const TOLD = new WeakMap<Session, Set<string>>();

/** A packfile that no state names and that cannot be read: what lies in it, lies there unseen. Said once. */
export function warnOrphan(session: Session, { packfile, error }: OrphanProblem): void {
  const told = TOLD.get(session) ?? new Set<string>();
  TOLD.set(session, told);
  if (told.has(packfile)) return;
  told.add(packfile);
  session.terminal.warn(`packfile ${packfile}, which no state names, cannot be read: ${error.message}. A hidden snapshot in it would not be found.`);
}
