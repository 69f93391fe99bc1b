import { realpathSync } from 'node:fs';
import { configuredPassphrase, type ResolvedStore } from '@wardrobe/connections';
import { openRepository, PassphraseNeededError, readConfig, type Repository } from '@wardrobe/kloset';
import { CliError, EXIT } from './exit-codes.js';
import { sayMistake, usage } from './failures.js';
import { openResolved, readKeyfile, resolveSecond, resolveStore, type Session } from './session.js';
import { askHidden } from './terminal.js';

export type SecondStore = { readonly location: string; readonly keyfile: string | null; readonly options: readonly string[] };

/**
 * Opens a store beside that of the session. Its passphrase comes from a key file, its configuration, WARDROBE_SYNC_PASSPHRASE or the terminal: never from where that
 * of the first comes from. @throws CliError both are one store, or no passphrase was given
 */
export async function openSecondStore(session: Session, first: Repository, { location: text, keyfile, options }: SecondStore): Promise<Repository> {
  const resolved = await resolveSecond(session, text, options);
  const location = resolved.shown;
  if (isSamePlace(resolved, await resolveStore(session))) throw usage(`${location} is the store that is open already.`, 'Name another one.');
  const store = await openResolved(session, resolved);
  const { config } = await readConfig(store, { signal: session.signal });
  // Two copies of one repository would take turns in spoiling one index.
  const useIndex = session.useIndex && config.RepositoryID !== first.id;
  const open = (passphrase: string | undefined): Promise<Repository> =>
    openRepository(store, { passphrase, indexDirectory: useIndex ? session.env.indexDirectory : undefined, signal: session.signal });
  const repository = await openAsking(session, { open, location, passphrase: await givenPassphrase(session, resolved, keyfile) });
  session.onClose.push(() => repository.close());
  return repository;
}

async function openAsking(
  session: Session,
  asked: { readonly open: (passphrase: string | undefined) => Promise<Repository>; readonly location: string; readonly passphrase: string | undefined },
): Promise<Repository> {
  try {
    return await asked.open(asked.passphrase);
  } catch (error) {
    if (!(error instanceof PassphraseNeededError)) throw error;
    if (!process.stdin.isTTY)
      throw new CliError(
        EXIT.denied,
        `${asked.location} is encrypted, and no passphrase was given for it.`,
        'Give it with --to-keyfile FILE or in WARDROBE_SYNC_PASSPHRASE.',
        {
          cause: error,
        },
      );
    session.terminal.progress.clear();
    return asked.open(await askHidden(`Passphrase of ${asked.location}: `));
  }
}

async function givenPassphrase(session: Session, store: ResolvedStore, keyfile: string | null): Promise<string | undefined> {
  if (keyfile !== null) return readKeyfile(keyfile);
  return (await sayMistake(() => configuredPassphrase(store, session.signal))) ?? session.env.syncPassphrase;
}

/** A path that does not exist is reported when the store is opened. */
function isSamePlace({ location: a }: ResolvedStore, { location: b }: ResolvedStore): boolean {
  if (a.scheme !== b.scheme) return false;
  if (a.rest === b.rest) return true;
  try {
    return a.scheme === 'fs' && realpathSync(a.rest) === realpathSync(b.rest);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}
