import type { BigIntStats } from 'node:fs';
import type { ByteText } from './byte-text.js';
import type { ExclusionRules } from './exclusion-rules.js';

/** What a backup needs of lstat: the rest would be held until the content is stored. */
export type WalkedStat = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'uid' | 'gid' | 'nlink'>;

/** One name that the walk met. */
export type WalkedEntry = {
  readonly path: ByteText;
  readonly name: ByteText;
  readonly stat: WalkedStat;
  /** Go's os.FileMode bits. @source 02-snapshot 3.2 */
  readonly goMode: number;
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  /** Of a symbolic link; else null. */
  readonly target: ByteText | null;
};

/** What could not be read: the snapshot's error list gets it, in plakar's words. */
export type WalkError = { readonly path: ByteText; readonly message: string };

/**
 * Consecutive names of one directory in byte order. All groups of a directory come in order and before those of the directories below it.
 * `isPrefix`: directories above what is backed up; they carry no names of users and groups.
 */
export type WalkGroup = {
  readonly directory: ByteText;
  readonly entries: readonly WalkedEntry[];
  readonly errors: readonly WalkError[];
  readonly isPrefix: boolean;
};

export type WalkOptions = {
  readonly rules: ExclusionRules;
  /** Leave out directories that lie on another device than the path that was asked for. */
  readonly oneFileSystem: boolean;
  /** The store's own folder, which no backup into it may hold. */
  readonly storeDirectory: string | null;
  /** Told of everything that was left out for being the store. */
  readonly onStoreSkipped: (path: ByteText) => void;
};

/** What the paths of a call stand for. */
export type WalkRoots = {
  /** Clean, absolute, none within another, in byte order. */
  readonly roots: readonly ByteText[];
  /** Links that were asked for and lead to one of the roots: they are saved as well. */
  readonly links: readonly ByteText[];
  /** `importer.directory`: what was asked for, or the longest common ancestor of several. */
  readonly directory: ByteText;
  /** The only root is no directory. */
  readonly isFile: boolean;
};
