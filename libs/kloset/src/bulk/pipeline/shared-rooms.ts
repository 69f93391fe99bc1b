/**
 * Memory for bytes that pass between threads, used again: seen by both sides, for each time memory changes hands the collector has to know of it. Rooms are at
 * least of one size, so that they fit what comes next.
 */
export class SharedRooms {
  readonly #leastBytes: number;
  readonly #free: SharedArrayBuffer[] = [];

  constructor(leastBytes: number) {
    this.#leastBytes = leastBytes;
  }

  take(sizeBytes: number): SharedArrayBuffer {
    const at = this.#free.findIndex((room) => room.byteLength >= sizeBytes);
    const [room] = this.#free.splice(at < 0 ? 0 : at, 1);
    return room !== undefined && room.byteLength >= sizeBytes ? room : new SharedArrayBuffer(Math.max(sizeBytes, this.#leastBytes));
  }

  /** Nobody reads or writes it any more. */
  giveBack(room: SharedArrayBuffer): void {
    this.#free.push(room);
  }
}
