import type { ProblemDto } from '@wardrobe/contracts';
import type { ErrorCode } from '@wardrobe/words';

/** A failure as it crosses the thread boundary: facts only, no secret, no stack. `code` null: a bug; `problem`: already in words. */
export type FailureDto = {
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly what: string | null;
  readonly detail: string | null;
  readonly retryable: boolean;
  readonly problem: ProblemDto | null;
};

export type ToWorker =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: unknown }
  /** Lets a stream send one more piece for each buffer that comes back. They are used again: the receiving thread would else collect garbage all the time. */
  | { readonly kind: 'credit'; readonly id: number; readonly spare: readonly ArrayBuffer[] }
  | { readonly kind: 'abort'; readonly id: number };

export type FromWorker =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: FailureDto }
  | { readonly kind: 'progress'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'piece'; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end'; readonly id: number };

/** Pieces a stream may have under way. */
export const STREAM_WINDOW = 8;
/** Longest piece, and the size of its buffer: a socket takes as much in well under a millisecond. */
export const PIECE_BYTES = 256 * 1024;

export type CallContext = { readonly signal: AbortSignal; readonly progress: (value: unknown) => void };

/** What a role of the worker offers. A method gives a value, or a stream of bytes. */
export type Methods = Readonly<Record<string, (args: never, context: CallContext) => Promise<unknown> | AsyncIterable<Uint8Array>>>;

export function isStream(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
