/** First bytes of the frames of one packed listing, as far as it was read: a flat, growing array. */
export class FramePositions {
  #starts = new Float64Array(1024);
  #count = 0;
  /** First byte that was not read yet. */
  nextByte = 0;
  isComplete = false;

  get count(): number {
    return this.#count;
  }

  /** Byte at which frame `index` starts; `index` below `count`. */
  at(index: number): number {
    return this.#starts[index] as number;
  }

  /** Takes a frame that follows the last one known; others are known already. */
  add(frame: { readonly start: number; readonly end: number }): void {
    if (frame.start !== this.nextByte) return;
    if (this.#count === this.#starts.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#starts);
      this.#starts = larger;
    }
    this.#starts[this.#count++] = frame.start;
    this.nextByte = frame.end;
  }
}
