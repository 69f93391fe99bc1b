import { digestFiles, DIGESTS, type FileDigest } from '@wardrobe/kloset';
import { isExactText, percentEncodePath } from '@wardrobe/kloset-model';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { namePair } from '../json.js';
import { printable } from '../printable.js';
import { type Reach, select } from '../select.js';
import { openStore, type Session } from '../session.js';

export type DigestOptions = Reach & { readonly hashing: string; readonly json?: boolean };

/** `digest`: plain hashes of files, each proven whole. What cannot be read is said and ends with 65. */
export async function digest(session: Session, args: readonly string[], options: DigestOptions): Promise<ExitCode> {
  const hashing = DIGESTS.find((name) => name === options.hashing.toUpperCase());
  if (hashing === undefined) throw usage(`'${options.hashing}' is not a hash that digest knows.`, `Give one of: ${DIGESTS.join(', ')}.`);
  const repository = await openStore(session);
  let code: ExitCode = EXIT.fine;
  let done = 0;
  for (const argument of args) {
    const { snapshot, path } = await select(session, repository, { argument, reach: options });
    for await (const item of digestFiles(snapshot, { path, hashing, signal: session.signal })) {
      if ('error' in item) code = EXIT.damaged;
      done += 1;
      session.terminal.progress.show('reading files', done, null);
      await print(session, item, { snapshot: snapshot.header.id, hashing, json: options.json === true });
    }
  }
  if (code !== EXIT.fine && options.json) await session.terminal.json({ incomplete: true });
  return code;
}

async function print(
  session: Session,
  item: FileDigest,
  { snapshot, hashing, json }: { readonly snapshot: string; readonly hashing: string; readonly json: boolean },
): Promise<void> {
  const shown = isExactText(item.path.bytes) ? printable(item.path.text) : percentEncodePath(item.path.bytes);
  if ('error' in item) {
    session.terminal.warn(`${shown}: ${item.error.message}`);
    if (json) await session.terminal.json({ snapshot, ...namePair('path', item.path), code: item.error.code, message: item.error.message });
  } else if (json) await session.terminal.json({ snapshot, ...namePair('path', item.path), sizeBytes: item.sizeBytes, hashing, digest: item.digest });
  else await session.terminal.line(`${hashing} (${shown}) = ${item.digest}`);
}
