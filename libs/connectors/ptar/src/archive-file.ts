import type { LineFigures } from '@wardrobe/store-connector';

export type Abortable = { readonly signal?: AbortSignal | undefined };

/** The bytes of an archive, wherever it lies. Missing files are NoFileError; what else fails is an error of the store interface. */
export interface ArchiveFile {
  sizeBytes(options: Abortable): Promise<number>;
  /** Exactly these bytes. @throws StoreError the file ends before */
  readAt(offset: number, lengthBytes: number, options: Abortable): Promise<Uint8Array>;
  line?(): LineFigures;
  close(): Promise<void>;
}

/** There is no file at that place. */
export class NoFileError extends Error {}
