import type { WasmModule } from '@wardrobe/kernel';

/** What a reading thread is started with. */
export type ReaderStart = { readonly role: 'read'; readonly module: WasmModule; readonly config: Uint8Array; readonly secret: Uint8Array | null };

/**
 * Blobs to read, in the order of their places. A record of `items` is: number of the file in `files` (u32), stored length (u32), position in the file (f64),
 * MAC (32 bytes).
 */
export type ReadRequest = { readonly id: number; readonly files: readonly string[]; readonly items: ArrayBuffer };

/** Contents one after the other; `lengths` -1 for a blob that did not open. */
export type ReadAnswer = { readonly id: number; readonly lengths: Int32Array; readonly bytes: ArrayBuffer };

export const READ_RECORD = { sizeBytes: 48, file: 0, lengthBytes: 4, position: 8, mac: 16 } as const;
