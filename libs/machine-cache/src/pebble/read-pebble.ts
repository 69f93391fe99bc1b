import type { FileHandle } from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CacheReadError, damaged, fileFailure, unsupported } from '../cache-error.js';
import { openForReading, readWhole } from '../files.js';
import { type RetryOptions, withRetries } from '../retry.js';
import { readBatch } from './batch.js';
import { keyRange } from './key-ranges.js';
import { checkLaterTables } from './later-tables.js';
import { type ManifestContent, readManifest, type TableMeta } from './manifest.js';
import { MergedEntries } from './merged-entries.js';
import { type RecordEnd, readRecords } from './records.js';
import { readTable } from './table.js';

const LOGS_LIMIT_BYTES = 1024 * 1024 * 1024;
const MANIFEST_LIMIT_BYTES = 256 * 1024 * 1024;
const FORMATS: ReadonlySet<number> = new Set([13, 14]);

export type PebbleOptions = RetryOptions & {
  /** Prefixes of the keys to return; blocks without such keys are not read. Without it: every key. */
  readonly wanted?: readonly string[] | undefined;
  /** Prefixes of keys that are neither returned nor counted as ignored. */
  readonly known?: readonly string[] | undefined;
};

export type PebbleLogFacts = { readonly number: number; readonly records: number; readonly end: RecordEnd; readonly unreadBytes: number };
export type PebbleTableFacts = {
  readonly level: number;
  readonly number: number;
  readonly sizeBytes: number;
  readonly entries: number;
  readonly blocks: number;
  readonly blocksRead: number;
};

/** The files that made up one reading. `manifest` is null for a directory that was never used. */
export type PebbleFiles = {
  readonly formatVersion: number | null;
  readonly manifest: number | null;
  readonly minLog: number;
  readonly logs: readonly PebbleLogFacts[];
  readonly tables: readonly PebbleTableFacts[];
  readonly attempts: number;
};

/** Live keys (as Latin-1 text, in byte order) with their values, and the files they came from. */
export type PebbleContent = { readonly keys: ReadonlyMap<string, Uint8Array>; readonly ignoredKeys: number; readonly files: PebbleFiles };

type RawLog = { readonly number: number; readonly bytes: Uint8Array | null };
type OpenTable = { readonly meta: TableMeta; readonly handle: FileHandle };

/**
 * Reads one Pebble database while plakar may be writing to it. No lock is taken and nothing is changed.
 * @throws CacheReadError damaged, busy, unsupported or permission; the signal's reason when aborted
 * @source 03 A2: logs first, then markers and MANIFEST, then tables; any other order loses writes without an error
 */
export async function readPebble(directory: string, options: PebbleOptions = {}): Promise<PebbleContent> {
  return withRetries((attempt) => readOnce(directory, attempt, options), options);
}

async function readOnce(directory: string, attempt: number, options: PebbleOptions): Promise<PebbleContent> {
  const merged = new MergedEntries(options.wanted ?? null, options.known ?? []);
  const rawLogs = await readLogs(directory);
  const names = await list(directory);
  const head = chooseManifest(names);
  if (head === null) {
    if (rawLogs.length > 0) throw damaged('logs without a manifest marker');
    const files: PebbleFiles = { formatVersion: null, manifest: null, minLog: 0, logs: [], tables: [], attempts: attempt };
    return { keys: new Map(), ignoredKeys: 0, files };
  }
  const manifest = readManifest(await readWhole(join(directory, head.manifest), MANIFEST_LIMIT_BYTES));
  const tables = await openTables(directory, manifest);
  try {
    const logs = replayLogs(rawLogs, manifest.minLog, merged);
    const tableFacts: PebbleTableFacts[] = [];
    const ranges = options.wanted?.map(keyRange) ?? null;
    for (const { meta, handle } of tables) {
      const read = await readTable(handle, meta, { ranges, signal: options.signal, onEntry: (entry) => merged.add(entry) });
      tableFacts.push({ level: meta.level, number: meta.number, sizeBytes: meta.sizeBytes, ...read });
    }
    await checkLaterTables(directory, names, { manifest, merged, ranges });
    const files = {
      formatVersion: head.formatVersion,
      manifest: fileNumber(head.manifest, 'MANIFEST-', ''),
      minLog: manifest.minLog,
      logs,
      tables: tableFacts,
      attempts: attempt,
    };
    return { keys: merged.finish(), ignoredKeys: merged.ignored, files };
  } finally {
    await Promise.all(tables.map(({ handle }) => handle.close()));
  }
}

/** Step 1: every log completely into memory. One that vanishes is noted: whether it mattered, the MANIFEST tells. */
async function readLogs(directory: string): Promise<RawLog[]> {
  const logs: RawLog[] = [];
  let total = 0;
  for (const name of await list(directory)) {
    if (/^\d{6,}-\d{3}\.log$/.test(name)) throw unsupported('unsupported log of a failover pair');
    const number = fileNumber(name, '', '.log');
    if (number === null) continue;
    try {
      const bytes = await readWhole(join(directory, name), LOGS_LIMIT_BYTES - total);
      total += bytes.length;
      logs.push({ number, bytes });
    } catch (error) {
      if (!(error instanceof CacheReadError && error.message === `${name} is missing`)) throw error;
      logs.push({ number, bytes: null });
    }
  }
  return logs.sort((left, right) => left.number - right.number);
}

/** Step 2: the markers with the highest number. @returns null for a directory with neither markers nor a CURRENT file */
function chooseManifest(names: readonly string[]): { readonly manifest: string; readonly formatVersion: number } | null {
  const format = markerValue(names, 'format-version');
  const manifest = markerValue(names, 'manifest');
  if (format === null && manifest === null) {
    if (names.includes('CURRENT')) throw unsupported('unsupported older cache format (a CURRENT file and no markers)');
    return null;
  }
  const formatVersion = format !== null && /^\d{1,6}$/.test(format) ? Number(format) : null;
  if (formatVersion === null) throw damaged('no readable format version marker');
  if (!FORMATS.has(formatVersion)) throw unsupported(`unsupported cache format ${formatVersion}`);
  if (manifest === null) throw damaged('no manifest marker');
  if (fileNumber(manifest, 'MANIFEST-', '') === null) throw damaged('the manifest marker names no MANIFEST');
  return { manifest, formatVersion };
}

function markerValue(names: readonly string[], kind: string): string | null {
  let best: { readonly number: number; readonly value: string } | null = null;
  for (const name of names) {
    const match = /^marker\.([^.]+)\.(\d{6,15})\.(.+)$/.exec(name);
    if (match?.[1] !== kind) continue;
    const number = Number(match[2]);
    if (best === null || number > best.number) best = { number, value: match[3] ?? '' };
  }
  return best?.value ?? null;
}

/** Step 3: every live table opened and kept open, so that a compaction cannot take it away any more. */
async function openTables(directory: string, manifest: ManifestContent): Promise<OpenTable[]> {
  const opened: OpenTable[] = [];
  try {
    for (const meta of manifest.tables) {
      const name = `${String(meta.number).padStart(6, '0')}.sst`;
      const handle = await openForReading(join(directory, name));
      opened.push({ meta, handle });
      const { size } = await handle.stat();
      if (size !== meta.sizeBytes) throw damaged(`${name} has ${size} bytes, its MANIFEST says ${meta.sizeBytes}`);
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map(({ handle }) => handle.close()));
    throw error;
  }
}

function replayLogs(rawLogs: readonly RawLog[], minLog: number, merged: MergedEntries): PebbleLogFacts[] {
  const live = rawLogs.filter(({ number }) => number >= minLog);
  // A database that was ever opened has a live log: the next one is made before the last one goes.
  if (live.length === 0) throw damaged('no live log: the newest writes are missing');
  return live.map(({ number, bytes }, index) => {
    if (bytes === null) throw new CacheReadError('busy', `log ${number} vanished while it was live`, { again: true });
    const read = readRecords(bytes, { kind: 'log', number }, (record) => readBatch(record, (entry) => merged.add(entry)));
    if (read.validAfterEnd) throw damaged(`log ${number} is damaged in its middle (${read.end} at ${read.endsAt})`);
    if (index < live.length - 1 && read.end !== 'eof' && read.end !== 'trailer')
      throw damaged(`log ${number} ends with ${read.end} though a later log follows`);
    return { number, records: read.records, end: read.end, unreadBytes: read.unreadBytes };
  });
}

function fileNumber(name: string, prefix: string, suffix: string): number | null {
  if (!name.startsWith(prefix) || !name.endsWith(suffix)) return null;
  const digits = name.slice(prefix.length, name.length - suffix.length);
  return /^\d{6,15}$/.test(digits) ? Number(digits) : null;
}

async function list(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    throw fileFailure(error, 'the cache directory');
  }
}
