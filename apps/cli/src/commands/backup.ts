import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { plakarPlace } from '@wardrobe/connections';
import {
  type BackupCounts,
  type BackupEvents,
  type BackupRequest,
  type BackupSummary,
  backup as runBackup,
  type CommitResult,
  deriveOnThread,
  earlyWalk,
  type LockInfo,
  planBackup,
  type Repository,
  ruleLines,
} from '@wardrobe/kloset';
import { parseStoreLocation } from '@wardrobe/store-connector';
import { byteName, durationSecondsText, nameText, shortId, sizeText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { parseTime } from '../duration.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { sayMistake, usage } from '../failures.js';
import { keepOldSmall } from '../heap.js';
import { namePair } from '../json.js';
import { printable } from '../printable.js';
import { openStore, resolveStore, type Session } from '../session.js';
import { argumentBytes, runContext } from './backup-context.js';
import { checkNewSnapshot } from './backup-check.js';

export type BackupCommandOptions = {
  readonly tag: readonly string[];
  readonly ignore: readonly string[];
  readonly ignoreFile: readonly string[];
  readonly check?: boolean;
  readonly xattr: boolean;
  readonly cache: boolean;
  readonly forceTimestamp?: string;
  readonly oneFileSystem?: boolean;
  readonly name?: string;
  readonly category?: string;
  readonly environment?: string;
  readonly perimeter?: string;
  readonly job?: string;
  readonly dryRun?: boolean;
  readonly concurrency?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
};

/** `backup`: paths of this machine as one new snapshot. Files that could not be read are told, counted, and end it with 65. */
export async function backup(session: Session, paths: readonly string[], options: BackupCommandOptions): Promise<ExitCode> {
  keepOldSmall();
  const request = await requestOf(session, paths, options);
  if (options.dryRun) return dryRun(session, await openStore(session), { request, options });
  const walk = earlyWalk(request, { onNote: (note) => session.terminal.warn(printable(note)) });
  const opening = openStore(session, { derive: deriveOnThread });
  await walk.readAhead(opening);
  const repository = await opening;
  const summary = await runBackup(repository, request, {
    ...eventsFor(session, options, 'files saved'),
    walk,
    signal: session.signal,
    wait: options.wait,
    onWait: (lock) => warnWaiting(session, lock),
    threads: threadsOf(options),
    ...(session.useIndex ? { proofDirectory: session.env.indexDirectory } : {}),
  });
  await printSummary(session, { summary, directory: request.paths, options });
  const isWhole = !options.check || (await checkNewSnapshot(session, repository, { snapshot: summary.snapshot, json: options.json ?? false }));
  return summary.errors > 0 || !isWhole ? EXIT.damaged : EXIT.fine;
}

async function requestOf(session: Session, paths: readonly string[], options: BackupCommandOptions): Promise<BackupRequest> {
  const { name, category, environment, perimeter, job } = options;
  const { location } = await resolveStore(session);
  const places: Uint8Array[] = [];
  for (const path of paths.length > 0 ? paths : ['.']) places.push(await sourcePath(session, path));
  const tags = options.tag.length > 0 ? options.tag : session.env.tags;
  return {
    paths: places,
    rules: [...options.ignoreFile.flatMap(readRules), ...options.ignore],
    oneFileSystem: options.oneFileSystem,
    xattrs: options.xattr,
    usePrevious: options.cache,
    origin: hostname(),
    labels: { name, category, environment, perimeter, job },
    tags: tags
      .flatMap((list) => list.split(','))
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
    context: runContext(),
    timestampNs: options.forceTimestamp === undefined ? undefined : BigInt(parseTime(options.forceTimestamp)) * 1_000_000n,
    storeDirectory: location.scheme === 'fs' ? location.rest : undefined,
  };
}

/** A path as the user wrote it, from the current folder on; `@name` where no file has that name is a source of plakar's configuration. */
async function sourcePath(session: Session, argument: string): Promise<Uint8Array> {
  const source =
    argument.startsWith('@') && !existsSync(argument) ? await sayMistake(() => plakarPlace(session.env.surroundings, 'sources', argument.slice(1))) : null;
  const text = source ?? argument;
  const { scheme, rest } = text.startsWith('fs:') || source !== null ? parseStoreLocation(text) : { scheme: 'fs', rest: text };
  if (scheme !== 'fs') throw usage(`The source ${argument} is of the kind '${scheme}'; only files of this machine can be saved.`);
  const bytes = argumentBytes(rest);
  return bytes[0] === 0x2f ? bytes : Buffer.concat([Buffer.from(`${realpathSync('.', { encoding: 'latin1' })}/`, 'latin1'), bytes]);
}

function readRules(path: string): string[] {
  try {
    return ruleLines(readFileSync(path, 'utf8'));
  } catch (error) {
    throw usage(`The ignore file cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** Undefined: as many as the machine has processors. */
function threadsOf({ concurrency }: BackupCommandOptions): number | undefined {
  if (concurrency === undefined) return undefined;
  const threads = Number(concurrency);
  if (!Number.isInteger(threads) || threads < 1 || threads > 256)
    throw usage(`'${concurrency}' is no number of threads.`, 'Give a whole number from 1 to 256.');
  return threads;
}

const PROGRESS_MS = 1000;

function eventsFor(session: Session, { json }: BackupCommandOptions, label: string): BackupEvents {
  const { terminal } = session;
  let toldMs = performance.now();
  return {
    onProgress(counts) {
      terminal.progress.show(label, counts.files, null);
      if (!json || performance.now() - toldMs < PROGRESS_MS) return;
      toldMs = performance.now();
      void terminal.json({ progress: counts });
    },
    onError(path, message) {
      terminal.warn(`not saved as it is: ${printable(message)}`);
      if (json) void terminal.json({ ...namePair('path', byteName(path)), severity: 'error', message });
    },
    onNote: (note) => terminal.warn(printable(note)),
    onCheckpoint: (result, why) => tellCheckpoint(session, result, why),
  };
}

function tellCheckpoint(session: Session, result: CommitResult, why: 'hourly' | 'interrupted'): void {
  if (why === 'hourly') return;
  session.terminal.warn(
    result.state === null
      ? 'nothing was stored yet; no snapshot was made. Run the same command again.'
      : `no snapshot was made. What was stored (${sizeText(result.bytesWritten)}) is kept: run the same command again and it goes on from there.`,
  );
}

function warnWaiting(session: Session, lock: LockInfo): void {
  session.terminal.warn(`waiting for ${printable(lock.hostname)}, which holds the store`);
}

async function dryRun(
  session: Session,
  repository: Repository,
  { request, options }: { readonly request: BackupRequest; readonly options: BackupCommandOptions },
): Promise<ExitCode> {
  const plan = await planBackup(repository, request, { ...eventsFor(session, options, 'files found'), signal: session.signal });
  session.terminal.progress.clear();
  if (options.json) await session.terminal.json({ plan });
  else {
    await session.terminal.line(
      `Would save ${contentText(plan)}; would read ${counted(plan.files - plan.unchanged, 'file')} (${sizeText(plan.readBytes)})${plan.previous === null ? '' : `, the others are as in snapshot ${shortId(plan.previous)}`}. Nothing was stored.`,
    );
  }
  return plan.errors > 0 ? EXIT.damaged : EXIT.fine;
}

function contentText(counts: BackupCounts): string {
  const others = counts.symlinks + counts.specials;
  return `${counted(counts.files, 'file')} (${sizeText(counts.sizeBytes)}), ${counted(counts.directories, 'directory', 'directories')} and ${counted(others, 'link or special file', 'links and special files')}`;
}

async function printSummary(
  session: Session,
  { summary, directory, options }: { readonly summary: BackupSummary; readonly directory: readonly Uint8Array[]; readonly options: BackupCommandOptions },
): Promise<void> {
  session.terminal.progress.clear();
  if (options.json) return session.terminal.json({ backup: summary });
  const errors = summary.errors > 0 ? `; ${counted(summary.errors, 'error')}: the snapshot is incomplete` : '';
  await session.terminal.line(
    `Snapshot ${shortId(summary.snapshot)} of ${directory.map((path) => printable(nameText(path))).join(', ')}: ${contentText(summary)}; ${counted(summary.unchanged, 'file')} unchanged, ${sizeText(summary.readBytes)} read, ${sizeText(summary.writtenBytes)} written in ${durationSecondsText(BigInt(Math.round(summary.durationMs)) * 1_000_000n)}${errors}`,
  );
  if (summary.errors > 0) session.terminal.warn('what is missing is named above and in the snapshot. Mend it there, then run the same command again.');
}
