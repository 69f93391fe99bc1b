import { readFileSync, realpathSync } from 'node:fs';
import { fsStore, openRepository, PassphraseNeededError, readConfig, type Repository } from '@wardrobe/kloset';
import { CliError, EXIT } from './exit-codes.js';
import { usage } from './failures.js';
import { localPath } from './grammar.js';
import type { Session } from './session.js';
import { askHidden } from './terminal.js';

export type SecondStore = { readonly location: string; readonly keyfile: string | null };

/**
 * Opens a store beside that of the session. Its passphrase comes from a key file, from WARDROBE_SYNC_PASSPHRASE, or from the terminal: never from where that
 * of the first comes from. @throws CliError both are one store, or no passphrase was given
 */
export async function openSecondStore(session: Session, first: Repository, { location, keyfile }: SecondStore): Promise<Repository> {
  const path = pathOf(location);
  if (isSamePath(path, pathOf(session.storeLocation))) throw usage(`${location} is the store that is open already.`, 'Name another one.');
  const store = fsStore(path);
  const { config } = await readConfig(store, { signal: session.signal });
  // Two copies of one repository would take turns in spoiling one index.
  const useIndex = session.useIndex && config.RepositoryID !== first.id;
  const open = (passphrase: string | undefined): Promise<Repository> =>
    openRepository(store, { passphrase, indexDirectory: useIndex ? session.env.indexDirectory : undefined, signal: session.signal });
  const repository = await openAsking(session, { open, location, passphrase: givenPassphrase(session, keyfile) });
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

function givenPassphrase(session: Session, keyfile: string | null): string | undefined {
  if (keyfile === null) return session.env.syncPassphrase;
  try {
    return readFileSync(keyfile, 'utf8').replace(/\n$/, '');
  } catch (error) {
    throw usage(`The key file cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function pathOf(location: string): string {
  try {
    return localPath(location);
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

/** A path that does not exist is reported when the store is opened. */
function isSamePath(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}
