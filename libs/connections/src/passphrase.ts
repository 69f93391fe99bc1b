import { execFile } from 'node:child_process';
import { InvalidInputError } from '@wardrobe/store-connector';
import type { ResolvedStore } from './resolve.js';

const COMMAND_TIMEOUT_MS = 120_000;
const OUTPUT_LIMIT_BYTES = 64 << 10;

/**
 * The passphrase that a store's configuration gives: `passphrase`, else what `passphrase_cmd` prints, one line; null without both.
 * @throws InvalidInputError the command failed or printed something else; what it printed is not in the sentence
 * @source 04-remote-stores 9.3
 */
export async function configuredPassphrase(
  store: Pick<ResolvedStore, 'passphrase' | 'passphraseCommand' | 'shown'>,
  signal?: AbortSignal,
): Promise<string | null> {
  if (store.passphrase !== null) return store.passphrase;
  return store.passphraseCommand === null ? null : commandLine(store.passphraseCommand, store.shown, signal);
}

function commandLine(command: string, shown: string, signal: AbortSignal | undefined): Promise<string> {
  const [shell, ...flags] = process.platform === 'win32' ? ['cmd.exe', '/d', '/s', '/c'] : ['/bin/sh', '-c'];
  return new Promise((resolve, reject) => {
    const child = execFile(
      shell ?? '/bin/sh',
      [...flags, command],
      { encoding: 'utf8', maxBuffer: OUTPUT_LIMIT_BYTES, timeout: COMMAND_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) },
      (error, stdout) => {
        if (signal?.aborted) return reject(signal.reason);
        if (error !== null) return reject(failed(error, shown));
        const lines = stdout.replace(/\r?\n$/, '').split(/\r?\n/);
        const [line] = lines;
        if (lines.length !== 1 || line === undefined || line === '')
          return reject(
            new InvalidInputError(`passphrase_cmd of ${shown} must print exactly one line; it printed ${stdout.trim() === '' ? 'none' : lines.length}`),
          );
        resolve(line);
      },
    );
    child.stderr?.pipe(process.stderr);
  });
}

/** The error of Node bears the command, which may hold a secret: it is no cause. */
function failed(error: { readonly code?: string | number | null | undefined; readonly killed?: boolean | undefined }, shown: string): InvalidInputError {
  const how = error.killed === true ? 'did not end in time or printed too much' : `ended with ${error.code ?? 'a signal'}`;
  return new InvalidInputError(`passphrase_cmd of ${shown} ${how}: run it by hand to see why`);
}
