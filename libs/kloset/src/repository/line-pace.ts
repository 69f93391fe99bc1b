const FLOOR_BYTES = 2 << 20;
const CEILING_BYTES = 8 << 20;
/** Rates are measured over so long, and the best of the last ones counts: a reader that pauses makes no line slower. */
const SAMPLE_MS = 250;
const SAMPLES = 8;
/** What is no longer than this takes one round trip and little more. */
const SHORT_BYTES = 64 << 10;
const ROUND_TRIPS = 16;

/**
 * How much a line wants under way: twice its round trip times its rate, both as measured, within a floor and a ceiling. One for all that is read of a store.
 */
export class LinePace {
  #underWay = 0;
  #underWayBytes = 0;
  #sampleSinceMs = 0;
  #sampleBytes = 0;
  readonly #rates: number[] = [];
  readonly #roundTrips: number[] = [];

  get underWayBytes(): number {
    return this.#underWayBytes;
  }

  /** Bytes to have under way. */
  get wantedBytes(): number {
    if (this.#rates.length === 0 || this.#roundTrips.length === 0) return FLOOR_BYTES;
    const bytes = 2 * Math.max(...this.#rates) * Math.min(...this.#roundTrips);
    return Math.min(CEILING_BYTES, Math.max(FLOOR_BYTES, bytes));
  }

  /** Something was asked for; the returned function hears of its answer. */
  asked(lengthBytes: number, now: () => number = () => performance.now()): (isWhole: boolean) => void {
    const sinceMs = now();
    if (this.#underWay === 0) [this.#sampleSinceMs, this.#sampleBytes] = [sinceMs, 0];
    this.#underWay += 1;
    this.#underWayBytes += lengthBytes;
    return (isWhole) => {
      const atMs = now();
      this.#underWay -= 1;
      this.#underWayBytes -= lengthBytes;
      if (!isWhole) return;
      if (lengthBytes <= SHORT_BYTES) keep(this.#roundTrips, atMs - sinceMs, ROUND_TRIPS);
      this.#sampleBytes += lengthBytes;
      const tookMs = atMs - this.#sampleSinceMs;
      if (tookMs < SAMPLE_MS) return;
      keep(this.#rates, this.#sampleBytes / tookMs, SAMPLES);
      [this.#sampleSinceMs, this.#sampleBytes] = [atMs, 0];
    };
  }
}

function keep(values: number[], value: number, limit: number): void {
  values.push(value);
  if (values.length > limit) values.shift();
}
