import type { Mac } from '@wardrobe/kloset-model';
import type { WasmModule } from '@wardrobe/kernel';
import { DiskFullError, IntegrityError, type KlosetError, type KlosetErrorCode, StoreError } from '../../errors/errors.js';
import type { FileResult } from '../backup/content-pipeline.js';
import type { DedupSegment } from './dedup-table.js';
import type { PackedResults } from './packed-results.js';

/** What answered questions leave behind in a thread. Less costs more time: a tenth of a check with half of it. */
export const GARBAGE_BYTES = 12 << 20;

/** What a thread is started with. */
export type WorkerStart = {
  readonly role: 'store';
  readonly module: WasmModule;
  /** The store's CONFIG file. */
  readonly config: Uint8Array;
  readonly secret: Uint8Array | null;
  /** Let go when contents are no longer stored. */
  segments: readonly DedupSegment[];
  /** Where it lays down the index of a packfile; see `IndexRoom`. */
  readonly indexRoom: SharedArrayBuffer;
  readonly packfileMaxBytes: number;
  readonly folder: string;
  readonly namePrefix: string;
  /** Added to this machine's clock. */
  readonly clockOffsetMs: number;
};

/** `whole`: this thread also stores what is new; `scan`: it only looks, and hands out ranges with what is new. */
export type StreamMode = 'whole' | 'scan';

export type ToWorker =
  /** Files one after the other; paths joined, each ending where `ends` says. */
  | { readonly kind: 'files'; readonly id: number; readonly paths: Uint8Array; readonly ends: Uint32Array }
  /** Goes on with one large file for about `bytes` bytes; begins it when `path` is given. */
  | { readonly kind: 'stream'; readonly id: number; readonly path: Uint8Array | null; readonly mode: StreamMode; readonly bytes: number }
  /** Stores chunks that a scan found. */
  | { readonly kind: 'range'; readonly id: number; readonly path: Uint8Array; readonly chunks: Uint8Array }
  /** Forgets a stream. */
  | { readonly kind: 'drop'; readonly id: number }
  | { readonly kind: 'segment'; readonly segment: DedupSegment }
  /** Ends the packfile in hand; no contents come after it. */
  | { readonly kind: 'finish' }
  /** After that: puts the blobs of a batch into the packfile in hand, known or not, and with `isEnd` ends it. */
  | { readonly kind: 'pack'; readonly blobs: SharedArrayBuffer; readonly lengthBytes: number; readonly isEnd: boolean };

export type FromWorker =
  | { readonly kind: 'files'; readonly id: number; readonly results: PackedResults; readonly bytes: number }
  | {
      readonly kind: 'stream';
      readonly id: number;
      readonly result: FileResult | null;
      /** Records of `RANGE_RECORD_BYTES`. */
      readonly chunks: Uint8Array | null;
      readonly bytes: number;
    }
  /** `isSame` false: the file has changed since the scan, what was found there does not hold. */
  | { readonly kind: 'range'; readonly id: number; readonly isSame: boolean }
  /** `index` lies in the thread's index room, or in memory of its own. */
  | PackfileMessage
  /** Numbers of known packfiles that were built upon, since the last such message. */
  | { readonly kind: 'reliance'; readonly packfiles: readonly number[] }
  /** All packfiles were handed over; `stored` blobs lie in them. */
  | { readonly kind: 'finished'; readonly stored: number }
  /** A batch is packed; `bodyBytes` of the packfile in hand. */
  | { readonly kind: 'packed'; readonly bodyBytes: number }
  | FailureMessage;

export type PackfileMessage = { readonly kind: 'packfile'; readonly id: Mac; readonly path: string; readonly sizeBytes: number; readonly index: Uint8Array };
type FailureMessage = { readonly kind: 'failure'; readonly code: KlosetErrorCode | null; readonly message: string };

/** The error that a thread met, on the side of its starter. */
export function failureOf(message: FailureMessage): KlosetError {
  switch (message.code) {
    case 'disk-full':
      return new DiskFullError(message.message);
    case 'integrity':
      return new IntegrityError('blob', message.message);
    default:
      return new StoreError(message.message);
  }
}

/** A chunk that a scan found: u64 offset in the file, u32 length, u32 unused, MAC. */
export const RANGE_RECORD_BYTES = 48;
