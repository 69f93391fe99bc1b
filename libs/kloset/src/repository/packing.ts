import type { Mac } from '@wardrobe/kloset-model';
import type { NewBlobs } from './new-blobs.js';
import type { BlobPackers, PackfileTicket } from './writer-types.js';

/** Which kind of packfile a blob goes to. */
export type PackStream = 'data' | 'metadata';

/** Blobs of a run on their way to packers, and which packfile each will lie in. */
export class Packing {
  readonly #packers: BlobPackers;
  readonly #placeholder: () => Mac;
  /** Packfiles that are being filled. */
  readonly #rows = new Map<PackStream, PackfileTicket>();

  /** `placeholder` gives random ids. */
  constructor(packers: BlobPackers, placeholder: () => Mac) {
    this.#packers = packers;
    this.#placeholder = placeholder;
  }

  get isAnyOpen(): boolean {
    return this.#rows.size > 0;
  }

  /** False: they do not take it. */
  take(stream: PackStream, blob: { readonly type: number; readonly id: Mac; readonly bytes: Uint8Array }, blobs: NewBlobs): boolean {
    const packer = this.#packers[stream];
    if (!packer.accepts(blob.bytes.length)) return false;
    const rows = this.#rows.get(stream) ?? blobs.openPackfile(this.#placeholder());
    this.#rows.set(stream, rows);
    packer.add(blob.type, blob.id, blob.bytes);
    blobs.reserve(blob.type, blob.id, rows);
    if (packer.isFull) this.#end(stream);
    return true;
  }

  /** Until little enough is under way. @throws StoreError, DiskFullError */
  async settle(): Promise<void> {
    await this.#packers.data.settle();
    await this.#packers.metadata.settle();
  }

  /** Ends all packfiles and waits until they were handed over. @throws StoreError, DiskFullError */
  async finish(): Promise<void> {
    for (const stream of [...this.#rows.keys()]) this.#end(stream);
    await Promise.all([this.#packers.data.finish(), this.#packers.metadata.finish()]);
  }

  close(): Promise<void> {
    return this.#packers.close();
  }

  #end(stream: PackStream): void {
    const rows = this.#rows.get(stream);
    if (rows !== undefined) this.#packers[stream].endPackfile(rows);
    this.#rows.delete(stream);
  }
}
