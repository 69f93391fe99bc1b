/** So many bytes may be at work at a time; who asks for more waits for its turn. One may always be at work, however much it needs. */
export class ByteBudget {
  readonly #limitBytes: number;
  readonly #waiting: { readonly bytes: number; readonly begin: () => void }[] = [];
  #takenBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Does `work` when there is room for it, in the order asked. */
  async use<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin) => {
      this.#waiting.push({ bytes, begin });
      this.#next();
    });
    try {
      return await work();
    } finally {
      this.#takenBytes -= bytes;
      this.#next();
    }
  }

  #next(): void {
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      if (this.#takenBytes > 0 && this.#takenBytes + first.bytes > this.#limitBytes) return;
      this.#waiting.shift();
      this.#takenBytes += first.bytes;
      first.begin();
    }
  }
}
