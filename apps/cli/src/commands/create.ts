import { createStore, readConfig } from '@wardrobe/kloset';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { openResolved, resolveStore, type Session } from '../session.js';
import { newPassphrase } from './create-passphrase.js';

export type CreateCommandOptions = {
  readonly plaintext?: boolean;
  readonly weakPassphrase?: boolean;
  readonly hashing: string;
  readonly compression: string;
  readonly line: string;
  readonly json?: boolean;
};

const HASHINGS: Readonly<Record<string, 'BLAKE3' | 'SHA256'>> = { BLAKE3: 'BLAKE3', SHA256: 'SHA256' };
const COMPRESSIONS: Readonly<Record<string, 'LZ4' | 'GZIP' | null>> = { lz4: 'LZ4', gzip: 'GZIP', none: null };

/** `create`: an empty store at a place that is empty or not there yet. */
export async function create(session: Session, options: CreateCommandOptions): Promise<ExitCode> {
  const hashing = HASHINGS[options.hashing.toUpperCase()];
  if (hashing === undefined) throw usage(`'${options.hashing}' is no hashing.`, 'Give BLAKE3 or SHA256.');
  const compression = COMPRESSIONS[options.compression.toLowerCase()];
  if (compression === undefined) throw usage(`'${options.compression}' is no compression.`, 'Give lz4, gzip or none.');
  if (options.line !== '1.0' && options.line !== '1.1')
    throw usage(`'${options.line}' is no line of plakar.`, 'Give 1.0 (both lines can use the store) or 1.1.');
  const resolved = await resolveStore(session);
  const passphrase = options.plaintext ? null : await newPassphrase(session, { weak: options.weakPassphrase ?? false, store: resolved });
  const store = await openResolved(session, resolved);
  try {
    session.terminal.progress.show(passphrase === null ? 'making the store' : 'deriving the key', 0, null);
    await createStore(store, { line: options.line, passphrase, hashing, compression, signal: session.signal });
    session.terminal.progress.clear();
    const { config } = await readConfig(store);
    if (options.json)
      await session.terminal.json({
        created: session.storeLocation,
        repositoryId: config.RepositoryID,
        encrypted: passphrase !== null,
        hashing,
        compression,
        line: options.line,
      });
    else
      await session.terminal.line(`${passphrase === null ? 'Plain' : 'Encrypted'} store made at ${session.storeLocation} (repository ${config.RepositoryID})`);
    if (passphrase !== null && !options.json) session.terminal.warn('keep the passphrase: without it nobody can read what this store holds.');
    return EXIT.fine;
  } finally {
    await store.close();
  }
}
