const FIRST = { multiplier: 0x9e3779b1, start: 0x811c9dc5 } as const;
const SECOND = { multiplier: 0x5f356495, start: 0x41c6ce57 } as const;

/** 64 bits that tell paths apart, made piece by piece: two sums that are mixed at the end. Good against chance, not against intent. */
export class PathHash {
  /** The two halves, when `end` was called. */
  first = 0;
  second = 0;

  start(): this {
    this.first = FIRST.start;
    this.second = SECOND.start;
    return this;
  }

  add(bytes: Uint8Array, from: number, to: number): this {
    let { first, second } = this;
    for (let at = from; at < to; at++) {
      const byte = bytes[at] as number;
      first = Math.imul(first ^ byte, FIRST.multiplier);
      second = Math.imul(second ^ byte, SECOND.multiplier);
      first ^= first >>> 15;
      second ^= second >>> 13;
    }
    this.first = first;
    this.second = second;
    return this;
  }

  end(): void {
    const first = Math.imul(this.first ^ (this.first >>> 16), 0x85ebca6b) ^ Math.imul(this.second ^ (this.second >>> 13), 0xc2b2ae35);
    const second = Math.imul(this.second ^ (this.second >>> 16), 0x85ebca6b) ^ Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
    this.first = first >>> 0;
    this.second = second >>> 0;
  }
}
