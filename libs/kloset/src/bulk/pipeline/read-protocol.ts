import type { WasmModule } from '@wardrobe/kernel';
import type { PackfileId } from '@wardrobe/kloset-model';
import type { ExamineRequest } from './examine-protocol.js';

/** What a reading thread is started with. `garbageBytes`: what answered questions may leave behind. */
export type ReaderStart = {
  readonly role: 'read';
  readonly module: WasmModule;
  readonly config: Uint8Array;
  readonly secret: Uint8Array | null;
  readonly garbageBytes: number;
};

/**
 * Blobs in the order in which they are to be read. A record of `items` is: number of the file in `files` (u32), stored length (u32), position in the file
 * (f64), MAC (32 bytes); where contents are written, also their place in the file that is restored (f64) and their length there (u32).
 */
export type ReadItems = { readonly id: number; readonly files: readonly string[]; readonly items: ArrayBuffer };
export const READ_RECORD = { sizeBytes: 64, file: 0, lengthBytes: 4, position: 8, mac: 16, to: 48, plainBytes: 56 } as const;

/** Contents asked for: they come back one after the other. */
export type ReadRequest = ReadItems & { readonly kind: 'read' };

/** Contents to be written into the open file `fd`, holes left out. With `back`, room for all of them, they are put there as well, each at its distance from the first. */
export type WriteRequest = ReadItems & { readonly kind: 'write'; readonly fd: number; readonly back: SharedArrayBuffer | null };

/**
 * Whole files to be made. `directories`: paths of their open directories; `names`: their names there, one after the other. A record of `made` is: directory
 * (u32), length of the name (u32), number of its blobs (u32), mode to make it with (u32), mode to set (i32, -1: none), flags (u32), owner and group (u32
 * each), modification time (f64, seconds), MAC of the content (32 bytes). `stored`: the blobs' stored bytes, where they lie in no file: positions are places in them.
 */
export type MakeRequest = ReadItems & {
  readonly kind: 'make';
  readonly directories: readonly Uint8Array[];
  readonly names: Uint8Array;
  readonly made: ArrayBuffer;
  readonly stored: SharedArrayBuffer | null;
};
export const MADE_RECORD = {
  sizeBytes: 72,
  directory: 0,
  nameBytes: 4,
  blobs: 8,
  createMode: 12,
  mode: 16,
  flags: 20,
  uid: 24,
  gid: 28,
  seconds: 32,
  contentMac: 40,
} as const;
/** `replace`: what has the name may be replaced; `owner`: owner and group are set; `prove`: the content must have its MAC, that of its only chunk is not enough. */
export const MADE_FLAG = { replace: 1, owner: 2, prove: 4 } as const;

/** A whole packfile to be proven: envelope, index, name and, with `blobs`, every blob. */
export type ProveRequest = { readonly id: number; readonly kind: 'prove'; readonly packfile: PackfileId; readonly path: string; readonly blobs: boolean };

/**
 * Contents that lie in a packfile with their objects, and entries, to be proven: `index` is a part of its plain index. Answered with 16 bits for each record, one
 * more than the length of the content of an object that is proven with it, or 0; and, where the next 8 bytes begin, with a record for each entry that is plainly
 * fine: number of its record (u32), ENTRY_IS (u32), `PathHash` of its path (two u32), MAC of its object.
 */
export type ContentsRequest = { readonly id: number; readonly kind: 'contents'; readonly path: string; readonly index: ArrayBuffer };

export const PROVEN_ENTRY = { sizeBytes: 48, record: 0, status: 4, path: 8, object: 16 } as const;

/** Where the entries begin in an answer about so many records. */
export function entriesAt(records: number): number {
  return Math.ceil((records * 2) / 8) * 8;
}

export type ToReader = ReadRequest | WriteRequest | MakeRequest | ExamineRequest | ProveRequest | ContentsRequest;

/**
 * `lengths`: of each content, -1 for one that did not open or was not written; of files to be made, 0, or -1 for one that was not made and of which nothing is
 * left; of a packfile, how many of its blobs were proven. `bytes`: contents or verdicts that were asked for, or the plain index of a packfile that is sound in
 * itself, else null.
 */
export type ReadAnswer = { readonly id: number; readonly lengths: Int32Array; readonly bytes: ArrayBuffer | null };
