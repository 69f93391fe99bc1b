import { openLocation, resolveLocation } from '@wardrobe/connections';
import { type PtarProgress, type Repository, type SnapshotHeader, type WritableStore, writePtar, type WrittenPtar } from '@wardrobe/kloset';
import { shortId, sizeText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { keepOldSmall } from '../heap.js';
import { printable } from '../printable.js';
import { chooseSnapshots, loadSnapshots, parseSelection, type SelectionOptions } from '../selection.js';
import { openStore, readKeyfile, type Session } from '../session.js';
import { askHidden } from '../terminal.js';
import { isWeak } from './create-passphrase.js';

export type PtarCommandOptions = SelectionOptions & {
  readonly output: string;
  readonly plaintext?: boolean;
  readonly toKeyfile?: string;
  readonly weakPassphrase?: boolean;
  readonly hashing: string;
  /** `--no-compression` makes it false. */
  readonly compression: boolean;
  readonly overwrite?: boolean;
  readonly json?: boolean;
};

const HASHINGS: Readonly<Record<string, 'BLAKE3' | 'SHA256'>> = { BLAKE3: 'BLAKE3', SHA256: 'SHA256' };

/** `ptar -o FILE SNAP…`: an archive of snapshots in one file that both lines of plakar read. */
export async function ptar(session: Session, ids: readonly string[], options: PtarCommandOptions): Promise<ExitCode> {
  keepOldSmall();
  const hashing = HASHINGS[options.hashing.toUpperCase()];
  if (hashing === undefined) throw usage(`'${options.hashing}' is no hashing.`, 'Give BLAKE3 or SHA256.');
  if (!options.output.endsWith('.ptar')) throw usage(`'${options.output}' does not end in .ptar.`, 'Without that, nothing would take it for an archive later.');
  const nowMs = Date.now();
  parseSelection(options, nowMs);
  const repository = await openStore(session);
  const { chosen, incomplete } = await choose(session, repository, { ids, options, nowMs });
  const passphrase = options.plaintext ? null : await archivePassphrase(session, options);
  const written = await writePtar(repository, {
    path: options.output,
    snapshots: chosen,
    passphrase,
    hashing,
    compression: options.compression ? 'LZ4' : null,
    overwrite: options.overwrite,
    reopen: (path) => reopen(session, path),
    onProgress: (progress) => show(session, progress),
    signal: session.signal,
  });
  session.terminal.progress.clear();
  await tell(session, { written, options, encrypted: passphrase !== null });
  return incomplete ? EXIT.damaged : EXIT.fine;
}

type Request = { readonly ids: readonly string[]; readonly options: PtarCommandOptions; readonly nowMs: number };

/** Without ids and conditions: all. Oldest first. */
async function choose(session: Session, repository: Repository, { ids, options, nowMs }: Request) {
  const prefixes = ids.map((id) => id.toLowerCase());
  for (const id of prefixes) if (!/^[0-9a-f]{1,64}$/.test(id)) throw usage(`'${id}' is not a snapshot id.`, 'Give the first hex digits, as ls shows them.');
  const loaded = await loadSnapshots(session, repository, {});
  for (const prefix of prefixes) {
    const fitting = loaded.listed.filter(({ header }) => header.id.startsWith(prefix)).length;
    if (fitting === 1) continue;
    if (fitting === 0) throw usage(`No snapshot has the prefix ${prefix}.`, 'See them with: ls');
    throw usage(`The prefix ${prefix} fits ${counted(fitting, 'snapshot')}.`, 'Give more digits.');
  }
  const selection = parseSelection(options, nowMs);
  const filters = { ...selection.filters, ...(prefixes.length > 0 ? { ids: prefixes } : {}) };
  const chosen: readonly SnapshotHeader[] = chooseSnapshots(loaded, { ...selection, filters }, nowMs)
    .map(({ header }) => header)
    .reverse();
  if (chosen.length === 0) throw usage('No snapshot meets the conditions.', 'See them with: ls');
  return { chosen, incomplete: loaded.incomplete && prefixes.length === 0 };
}

/** Never that of the store by itself: an archive goes to others. */
async function archivePassphrase(session: Session, { toKeyfile, weakPassphrase }: PtarCommandOptions): Promise<string> {
  const passphrase = toKeyfile === undefined ? (session.env.syncPassphrase ?? (await askTwice())) : readKeyfile(toKeyfile);
  if (passphrase === '') throw usage('An empty passphrase protects nothing.', 'Give a longer one, or make an archive without encryption with --plaintext.');
  if (!weakPassphrase && isWeak(passphrase)) throw usage('The passphrase is too easy to guess.', 'Take a longer one; --weak-passphrase takes it all the same.');
  return passphrase;
}

async function askTwice(): Promise<string> {
  if (!process.stdin.isTTY)
    throw usage(
      'There is no passphrase for the archive.',
      'Give it with --to-keyfile or WARDROBE_SYNC_PASSPHRASE, or make an archive without encryption with --plaintext.',
    );
  const first = await askHidden('Passphrase of the archive: ');
  if (first !== (await askHidden('The same again: '))) throw usage('The two passphrases differ.', 'Nothing was made. Try again.');
  return first;
}

async function reopen(session: Session, path: string): Promise<WritableStore> {
  const { surroundings } = session.env;
  return openLocation(await resolveLocation(`ptar:${path}`, { surroundings }), surroundings);
}

const PHASES = {
  known: 'reading',
  contents: 'entries copied',
  trees: 'writing trees',
  compare: 'entries compared',
  finish: 'writing the end',
  proof: 'reading it back',
} as const;

function show(session: Session, progress: PtarProgress): void {
  if ('snapshot' in progress) session.terminal.progress.show(`${shortId(progress.snapshot)}: ${PHASES[progress.phase]}`, progress.entries, null);
  else session.terminal.progress.show(PHASES[progress.phase], 0, null);
}

type Told = { readonly written: WrittenPtar; readonly options: PtarCommandOptions; readonly encrypted: boolean };

async function tell(session: Session, { written, options, encrypted }: Told): Promise<void> {
  const { sizeBytes, snapshots } = written;
  if (options.json)
    return session.terminal.json({
      archive: options.output,
      sizeBytes,
      encrypted,
      snapshots: snapshots.map(({ snapshot, entries }) => ({ snapshot, entries })),
    });
  for (const { snapshot, entries } of snapshots)
    await session.terminal.line(`Snapshot ${shortId(snapshot)}: ${counted(entries, 'entry', 'entries')}; equal to the original`);
  await session.terminal.line(
    `${encrypted ? 'Encrypted' : 'Plain'} archive ${printable(options.output)}: ${counted(snapshots.length, 'snapshot')}, ${sizeText(sizeBytes)}, read back whole.`,
  );
}
