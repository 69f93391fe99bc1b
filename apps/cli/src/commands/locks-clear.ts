import { clearLocks, type LockInfo, STALE_LOCK_MS } from '@wardrobe/kloset';
import { isMac, type Mac } from '@wardrobe/kloset-model';
import { counted, spanWord } from '@wardrobe/words';
import { CliError, EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { timeText } from '../json.js';
import { openStore, type Session } from '../session.js';

export type LocksClearOptions = { readonly id: readonly string[]; readonly force?: boolean; readonly json?: boolean };

/** `locks clear`: removes locks that were left behind; with `--id ID --force` any. */
export async function locksClear(session: Session, options: LocksClearOptions): Promise<ExitCode> {
  if (options.force === true && options.id.length === 0) throw usage('--force needs the lock that it is about.', 'Name it with --id; list them with: locks');
  const repository = await openStore(session);
  const nowMs = Date.now();
  const ids = options.id.length === 0 ? undefined : matchLocks(options.id, await repository.locks({ signal: session.signal }));
  const { removed, kept } = await clearLocks(repository, { nowMs, ids, force: options.force, signal: session.signal });
  for (const lock of removed) await print(session, { lock, removed: true, nowMs }, options);
  for (const lock of kept) await print(session, { lock, removed: false, nowMs }, options);
  if (!options.json) await session.terminal.line(`${counted(removed.length, 'lock')} removed${kept.length > 0 ? `, ${kept.length} kept` : ''}`);
  if (ids === undefined || kept.length === 0) return EXIT.fine;
  session.terminal.warn('a lock that is fresh, or that cannot be read, is removed only with --force: whoever holds it may be writing');
  return EXIT.usage;
}

function matchLocks(prefixes: readonly string[], locks: readonly LockInfo[]): readonly Mac[] {
  return prefixes.map((prefix) => {
    const fitting = locks.filter(({ id }) => id.startsWith(prefix.toLowerCase()));
    const [only] = fitting;
    if (only !== undefined && fitting.length === 1) return only.id;
    if (fitting.length === 0 && isMac(prefix))
      throw new CliError(EXIT.usage, `There is no lock ${prefix}.`, 'It may have been removed already. List them with: locks');
    throw usage(`The id ${prefix} fits ${counted(fitting.length, 'lock')}.`, 'List them with: locks');
  });
}

type Printed = { readonly lock: LockInfo; readonly removed: boolean; readonly nowMs: number };

async function print(session: Session, { lock, removed, nowMs }: Printed, options: LocksClearOptions): Promise<void> {
  const readable = lock.error === undefined;
  if (options.json) {
    await session.terminal.json({
      id: lock.id,
      removed,
      readable,
      host: readable ? lock.hostname : null,
      timestamp: readable ? timeText(lock.timestampNs) : null,
    });
    return;
  }
  const sinceMs = Number(lock.timestampNs / 1_000_000n);
  const whose = readable ? `of ${lock.hostname}, ${spanWord(nowMs - sinceMs)} old` : 'which cannot be read';
  const why = removed
    ? 'removed'
    : `kept: ${readable ? `left behind only from ${new Date(sinceMs + STALE_LOCK_MS).toISOString()} on` : 'nobody can tell whose it is'}`;
  await session.terminal.line(`${lock.id} ${whose}: ${why}`);
}
