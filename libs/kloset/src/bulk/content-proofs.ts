import type { Repository } from '../repository/types.js';
import { BlobRows } from './blob-rows.js';

/**
 * Contents that were proven with their objects while the packfiles that hold both were read: two bytes a blob of the store. Of the states as they are now, for
 * one check: first of the store's files, then of its snapshots, which need not read these again.
 */
export class ContentProofs {
  readonly rows: BlobRows;
  readonly #view: Repository['view'];
  /** By the rows of objects, one more than the length of the content; 0: not proven. */
  readonly #lengths: Uint16Array;

  constructor(repository: Pick<Repository, 'view' | 'store'>) {
    this.#view = repository.view;
    this.rows = new BlobRows(repository);
    this.#lengths = new Uint16Array(this.rows.count);
  }

  /** Whether rows of these states are meant. */
  isOf({ view }: Pick<Repository, 'view'>): boolean {
    return view === this.#view;
  }

  /** `lengths`: as `PackedContents` tells them. */
  add(row: number, length: number): void {
    this.#lengths[row] = length;
  }

  /** Length of the content of an object, in one chunk; -1: it is not proven. */
  lengthBytes(row: number): number {
    return (this.#lengths[row] as number) - 1;
  }
}
