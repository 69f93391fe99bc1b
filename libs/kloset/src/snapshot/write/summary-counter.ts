import { GO_MODE } from '@wardrobe/kloset-model';
import type { SummaryRecord } from '../../format/snapshot-summary.js';

/** Counts of one level: a directory's own children, or everything deeper. Sizes in bytes, times in whole seconds. */
type Level = {
  directories: number;
  files: number;
  symlinks: number;
  devices: number;
  pipes: number;
  sockets: number;
  children: number;
  setuid: number;
  setgid: number;
  sticky: number;
  objects: number;
  chunks: number;
  min_size: number;
  max_size: number;
  size: number;
  min_mod_time: number | bigint;
  max_mod_time: number | bigint;
  min_entropy: number;
  max_entropy: number;
  hi_entropy: number;
  lo_entropy: number;
  MIME_audio: number;
  MIME_video: number;
  MIME_image: number;
  MIME_text: number;
  MIME_application: number;
  MIME_other: number;
  errors: number;
};

/** What a summary counts of one entry that is no directory. */
export type CountedEntry = {
  readonly goMode: number;
  /** Of the content in line 1.1, as lstat said in line 1.0. */
  readonly sizeBytes: number;
  /** A bigint only where a number is not exact. */
  readonly mtimeSeconds: number | bigint;
  readonly entropy: number;
  readonly contentType: string;
  /** Of its object; null without one. */
  readonly chunks: number | null;
};

const SUMS = [
  ...['directories', 'files', 'symlinks', 'devices', 'pipes', 'sockets', 'children', 'setuid', 'setgid', 'sticky', 'objects', 'chunks', 'size'],
  ...['hi_entropy', 'lo_entropy', 'MIME_audio', 'MIME_video', 'MIME_image', 'MIME_text', 'MIME_application', 'MIME_other', 'errors'],
] as readonly Exclude<keyof Level, 'min_mod_time' | 'max_mod_time'>[];
const NOT_REGULAR = 0x8f280000;
const LOW_ENTROPY = 2;
const HIGH_ENTROPY = 7;

/**
 * Counts one directory the way plakar's builders do, oddities included: zeros of empty levels take part in minima, errors of direct children count as below,
 * and bits of directories are not counted. Children must be told in ascending BYTES order of the name.
 * @source 02-snapshot 3.4
 */
export class SummaryCounter {
  readonly #directory: Level = emptyLevel();
  readonly #below: Level = emptyLevel();
  #sumEntropy = 0;

  addEntry(entry: CountedEntry): void {
    const level = this.#directory;
    level.children += 1;
    level[kindOf(entry.goMode)] += 1;
    if ((entry.goMode & GO_MODE.setuid) !== 0) level.setuid += 1;
    if ((entry.goMode & GO_MODE.setgid) !== 0) level.setgid += 1;
    if ((entry.goMode & GO_MODE.sticky) !== 0) level.sticky += 1;
    if (entry.chunks !== null) {
      level.objects += 1;
      level.chunks += entry.chunks;
    }
    if (entry.mtimeSeconds < level.min_mod_time || level.min_mod_time === 0) level.min_mod_time = entry.mtimeSeconds;
    if (entry.mtimeSeconds > level.max_mod_time || level.max_mod_time === 0) level.max_mod_time = entry.mtimeSeconds;
    if (entry.sizeBytes < level.min_size || level.min_size === 0) level.min_size = entry.sizeBytes;
    if (entry.sizeBytes > level.max_size || level.max_size === 0) level.max_size = entry.sizeBytes;
    if (entry.entropy < level.min_entropy || level.min_entropy === 0) level.min_entropy = entry.entropy;
    if (entry.entropy > level.max_entropy || level.max_entropy === 0) level.max_entropy = entry.entropy;
    if (entry.entropy <= LOW_ENTROPY) level.lo_entropy += 1;
    else if (entry.entropy >= HIGH_ENTROPY) level.hi_entropy += 1;
    if (entry.contentType !== '') level[mimeOf(entry.contentType)] += 1;
    level.size += entry.sizeBytes;
    this.#sumEntropy += entry.entropy;
  }

  addDirectory(child: SummaryCounter): void {
    this.#directory.children += 1;
    this.#directory.directories += 1;
    for (const name of SUMS) this.#below[name] += child.#below[name] + child.#directory[name];
    widen(this.#below, child.#below);
    widen(this.#below, child.#directory);
  }

  /** Errors of direct children; they count as below. */
  addErrors(count: number): void {
    this.#below.errors += count;
  }

  record(): SummaryRecord {
    const { files, size } = this.#directory;
    const average = files === 0 ? { avg_size: 0n, avg_entropy: 0 } : { avg_size: BigInt(Math.floor(size / files)), avg_entropy: this.#sumEntropy / files };
    return { directory: { ...levelRecord(this.#directory), ...average, sum_entropy: this.#sumEntropy }, below: levelRecord(this.#below) };
  }

  /** The counter that gave a record. */
  static from(record: SummaryRecord): SummaryCounter {
    const counter = new SummaryCounter();
    fill(counter.#directory, record.directory);
    fill(counter.#below, record.below);
    counter.#sumEntropy = record.directory.sum_entropy;
    return counter;
  }
}

function emptyLevel(): Level {
  return {
    directories: 0,
    files: 0,
    symlinks: 0,
    devices: 0,
    pipes: 0,
    sockets: 0,
    children: 0,
    setuid: 0,
    setgid: 0,
    sticky: 0,
    objects: 0,
    chunks: 0,
    min_size: 0,
    max_size: 0,
    size: 0,
    min_mod_time: 0,
    max_mod_time: 0,
    min_entropy: 0,
    max_entropy: 0,
    hi_entropy: 0,
    lo_entropy: 0,
    MIME_audio: 0,
    MIME_video: 0,
    MIME_image: 0,
    MIME_text: 0,
    MIME_application: 0,
    MIME_other: 0,
    errors: 0,
  };
}

/** Minima and maxima of a child's level, zeros included. */
function widen(level: Level, child: Level): void {
  if (level.min_size === 0 || child.min_size < level.min_size) level.min_size = child.min_size;
  if (level.max_size === 0 || child.max_size > level.max_size) level.max_size = child.max_size;
  if (level.min_mod_time === 0 || child.min_mod_time < level.min_mod_time) level.min_mod_time = child.min_mod_time;
  if (level.max_mod_time === 0 || child.max_mod_time > level.max_mod_time) level.max_mod_time = child.max_mod_time;
  if (level.min_entropy === 0 || child.min_entropy < level.min_entropy) level.min_entropy = child.min_entropy;
  if (level.max_entropy === 0 || child.max_entropy > level.max_entropy) level.max_entropy = child.max_entropy;
}

function kindOf(goMode: number): 'files' | 'symlinks' | 'devices' | 'pipes' | 'sockets' {
  if ((goMode & NOT_REGULAR) === 0) return 'files';
  if ((goMode & GO_MODE.symlink) !== 0) return 'symlinks';
  if ((goMode & GO_MODE.device) !== 0) return 'devices';
  if ((goMode & GO_MODE.fifo) !== 0) return 'pipes';
  return (goMode & GO_MODE.socket) !== 0 ? 'sockets' : 'files';
}

function mimeOf(contentType: string): 'MIME_audio' | 'MIME_video' | 'MIME_image' | 'MIME_text' | 'MIME_application' | 'MIME_other' {
  const slash = contentType.indexOf('/');
  switch (contentType.slice(0, Math.max(0, slash))) {
    case 'text':
      return 'MIME_text';
    case 'image':
      return 'MIME_image';
    case 'audio':
      return 'MIME_audio';
    case 'video':
      return 'MIME_video';
    case 'application':
      return 'MIME_application';
    default:
      return 'MIME_other';
  }
}

function levelRecord(level: Level): SummaryRecord['below'] {
  return {
    directories: BigInt(level.directories),
    files: BigInt(level.files),
    symlinks: BigInt(level.symlinks),
    devices: BigInt(level.devices),
    pipes: BigInt(level.pipes),
    sockets: BigInt(level.sockets),
    children: BigInt(level.children),
    setuid: BigInt(level.setuid),
    setgid: BigInt(level.setgid),
    sticky: BigInt(level.sticky),
    objects: BigInt(level.objects),
    chunks: BigInt(level.chunks),
    min_size: BigInt(level.min_size),
    max_size: BigInt(level.max_size),
    size: BigInt(level.size),
    min_mod_time: BigInt(level.min_mod_time),
    max_mod_time: BigInt(level.max_mod_time),
    min_entropy: level.min_entropy,
    max_entropy: level.max_entropy,
    hi_entropy: BigInt(level.hi_entropy),
    lo_entropy: BigInt(level.lo_entropy),
    MIME_audio: BigInt(level.MIME_audio),
    MIME_video: BigInt(level.MIME_video),
    MIME_image: BigInt(level.MIME_image),
    MIME_text: BigInt(level.MIME_text),
    MIME_application: BigInt(level.MIME_application),
    MIME_other: BigInt(level.MIME_other),
    errors: BigInt(level.errors),
  };
}

function fill(level: Level, record: SummaryRecord['below']): void {
  for (const name of SUMS) level[name] = Number(record[name]);
  level.min_size = Number(record.min_size);
  level.max_size = Number(record.max_size);
  level.min_mod_time = exact(record.min_mod_time);
  level.max_mod_time = exact(record.max_mod_time);
  level.min_entropy = record.min_entropy;
  level.max_entropy = record.max_entropy;
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
