import { KlosetError, locatePaths, namePatterns, openSnapshot, type Repository } from '@wardrobe/kloset';
import { isExactText, percentDecode, percentEncodePath } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { asCliError, isDamage, usage } from '../failures.js';
import { namePair } from '../json.js';
import { printable } from '../printable.js';
import { matchPrefix, type Reach, sourceFor } from '../select.js';
import { chooseSnapshots, type Listed, loadSnapshots, parseSelection, type SelectionOptions } from '../selection.js';
import { openStore, type Session } from '../session.js';

export type LocateOptions = Reach & SelectionOptions & { readonly snapshot?: string; readonly json?: boolean };

/** `locate`: where files of a name lie, in the newest snapshots first. Ends with 65 when a part of a tree, or of the store, cannot be read. */
export async function locate(session: Session, patterns: readonly string[], options: LocateOptions): Promise<ExitCode> {
  const nowMs = Date.now();
  const selection = parseSelection(options, nowMs);
  if (patterns.some((pattern) => pattern === '' || pattern.includes('/')))
    throw usage('A pattern is for one name: it has no slash and is not empty.', 'To see what lies in a folder, use: ls --recursive SNAP:PATH');
  const matches = namePatterns(patterns.map((pattern) => percentDecode(pattern)));
  const repository = await openStore(session);
  const loaded = await loadSnapshots(session, repository, options);
  const chosen = pick(chooseSnapshots(loaded, selection, nowMs), options.snapshot);
  let found = 0;
  let incomplete = loaded.incomplete;
  for (const [at, listed] of chosen.entries()) {
    session.terminal.progress.show('searching snapshots', at, chosen.length);
    const result = await locateIn(session, repository, { listed, matches, options });
    found += result.found;
    incomplete ||= result.incomplete;
  }
  session.terminal.progress.clear();
  if (options.json && incomplete) await session.terminal.json({ incomplete: true });
  if (found === 0 && !options.json) session.terminal.warn(`nothing of that name in ${counted(chosen.length, 'snapshot')}`);
  return incomplete ? EXIT.damaged : EXIT.fine;
}

function pick(chosen: readonly Listed[], prefix: string | undefined): readonly Listed[] {
  if (prefix === undefined) return chosen;
  const { id } = matchPrefix(
    prefix,
    chosen.map(({ header, availability }) => ({ id: header.id, availability })),
  );
  return chosen.filter(({ header }) => header.id === id);
}

type Search = { readonly listed: Listed; readonly matches: ReturnType<typeof namePatterns>; readonly options: LocateOptions };

async function locateIn(
  session: Session,
  repository: Repository,
  { listed, matches, options }: Search,
): Promise<{ readonly found: number; readonly incomplete: boolean }> {
  const { id } = listed.header;
  let found = 0;
  let incomplete = false;
  try {
    const snapshot = await openSnapshot(await sourceFor(repository, listed.availability, session.signal), id, { signal: session.signal });
    for await (const item of locatePaths(snapshot, matches, { signal: session.signal })) {
      if ('error' in item) {
        incomplete = true;
        session.terminal.warn(
          `${id.slice(0, 8)}: a part of the tree${item.from === null ? '' : ` from ${printable(item.from.text)} on`} cannot be read: ${item.error.message}`,
        );
        continue;
      }
      found += 1;
      if (options.json) await session.terminal.json({ snapshot: id, ...namePair('path', item.path) });
      else await session.terminal.line(`${id.slice(0, 8)}:${isExactText(item.path.bytes) ? printable(item.path.text) : percentEncodePath(item.path.bytes)}`);
    }
  } catch (error) {
    const known = asCliError(error);
    if (known === null || session.signal.aborted || !(error instanceof KlosetError) || !isDamage(error)) throw error;
    incomplete = true;
    session.terminal.warn(`${id.slice(0, 8)} cannot be searched: ${known.sentence}`);
  }
  return { found, incomplete };
}
