import type { PackfileId } from '@wardrobe/kloset-model';
import type { LinePace } from './line-pace.js';

/** A part of a packfile, there or on its way. `isUsed`: somebody has asked for bytes in it. */
export type Block = {
  readonly packfile: PackfileId;
  readonly start: number;
  readonly end: number;
  readonly bytes: Promise<Uint8Array>;
  isLoaded: boolean;
  isUsed: boolean;
};

/** Bytes held, those under way among them, unless more is wanted at once: so many times what the line wants under way, and at least so much. */
const LIMIT_TIMES = 2;
const LEAST_LIMIT_BYTES = 16 << 20;
const LIMIT_BLOCKS = 1024;
const LEAST_TRUST = 1 / 16;

/** Blocks of packfiles. What was used is given up before what is still to be used, the least recently used first. */
export class HeldBlocks {
  /** In the order of their last use. */
  readonly #blocks = new Set<Block>();
  readonly #byPackfile = new Map<PackfileId, Set<Block>>();
  readonly #pace: Pick<LinePace, 'wantedBytes'>;
  #sizeBytes = 0;
  #trust = 1;
  /** Of all blocks that were ever used; for each block, as it was when it was asked for. */
  #usedBytes = 0;
  readonly #usedBefore = new WeakMap<Block, number>();

  constructor(pace: Pick<LinePace, 'wantedBytes'>) {
    this.#pace = pace;
  }

  /** From 1 downwards: how far reading ahead has been worth it lately. */
  get trust(): number {
    return this.#trust;
  }

  add(block: Block): void {
    this.#blocks.add(block);
    this.#usedBefore.set(block, this.#usedBytes);
    const others = this.#byPackfile.get(block.packfile);
    if (others === undefined) this.#byPackfile.set(block.packfile, new Set([block]));
    else others.add(block);
    this.#sizeBytes += block.end - block.start;
    this.#makeRoom();
  }

  remove(block: Block): void {
    if (!this.#blocks.delete(block)) return;
    const others = this.#byPackfile.get(block.packfile);
    others?.delete(block);
    if (others?.size === 0) this.#byPackfile.delete(block.packfile);
    this.#sizeBytes -= block.end - block.start;
  }

  loaded(block: Block): void {
    block.isLoaded = true;
    this.#makeRoom();
  }

  use(block: Block): void {
    if (!block.isUsed) {
      this.#trust = Math.min(1, this.#trust * 1.25);
      this.#usedBytes += block.end - block.start;
    }
    block.isUsed = true;
    if (!this.#blocks.delete(block)) return;
    this.#blocks.add(block);
  }

  /**
   * Whether so much more can be read ahead. For that, half of the room is given up of what was used, and half of what was not: of either the last is about to be
   * asked for, since objects are read before the contents that lie between them.
   */
  hasRoom(lengthBytes: number): boolean {
    for (const isUsed of [true, false]) this.#giveUp(isUsed, { lengthBytes, keptBytes: this.#limitBytes / 2 });
    return !this.#isFull(lengthBytes);
  }

  /** The block with the byte at `at` that reaches furthest. */
  find(packfile: PackfileId, at: number): Block | null {
    let best: Block | null = null;
    for (const block of this.#byPackfile.get(packfile) ?? []) if (block.start <= at && at < block.end && block.end > (best?.end ?? 0)) best = block;
    return best;
  }

  /** Where the next block after `at` begins. */
  nextStart(packfile: PackfileId, at: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { start } of this.#byPackfile.get(packfile) ?? []) if (start > at && start < next) next = start;
    return next;
  }

  /** Where the last block before `at` ends. */
  lastEnd(packfile: PackfileId, at: number): number {
    let last = 0;
    for (const { end } of this.#byPackfile.get(packfile) ?? []) if (end <= at && end > last) last = end;
    return last;
  }

  drop(packfile: PackfileId, start: number, end: number): void {
    for (const block of [...(this.#byPackfile.get(packfile) ?? [])]) if (block.start < end && start < block.end) this.remove(block);
  }

  clear(): void {
    this.#blocks.clear();
    this.#byPackfile.clear();
    this.#sizeBytes = 0;
  }

  get #limitBytes(): number {
    return Math.max(LEAST_LIMIT_BYTES, LIMIT_TIMES * this.#pace.wantedBytes);
  }

  #isFull(lengthBytes: number): boolean {
    return this.#sizeBytes + lengthBytes > this.#limitBytes || this.#blocks.size >= LIMIT_BLOCKS;
  }

  #makeRoom(): void {
    for (const isUsed of [true, false]) this.#giveUp(isUsed, { lengthBytes: 0, keptBytes: 0 });
  }

  /** Gives up what nobody has asked for while a whole room was used; then, until there is room, what was used, or was not, for the longest time. */
  #giveUp(isUsed: boolean, { lengthBytes, keptBytes }: { readonly lengthBytes: number; readonly keptBytes: number }): void {
    let leftBytes = 0;
    for (const block of this.#blocks) if (block.isLoaded && block.isUsed === isUsed) leftBytes += block.end - block.start;
    for (const block of this.#blocks) {
      if (!this.#isFull(lengthBytes)) return;
      const isForgotten = !block.isUsed && this.#usedBytes - (this.#usedBefore.get(block) ?? 0) > this.#limitBytes;
      const isPast = block.isUsed === isUsed && leftBytes > keptBytes;
      if (!block.isLoaded || !(isPast || isForgotten)) continue;
      if (block.isUsed === isUsed) leftBytes -= block.end - block.start;
      if (!block.isUsed) this.#trust = Math.max(LEAST_TRUST, this.#trust / 2);
      this.remove(block);
    }
  }
}
