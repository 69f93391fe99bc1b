const TABLES = makeTables();

/** CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), four bytes a step. The check value of `123456789` is e3069283. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const [t0, t1, t2, t3] = TABLES;
  let crc = 0xffffffff;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = crc ^ (byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24));
    crc = entry(t3, word & 255) ^ entry(t2, (word >>> 8) & 255) ^ entry(t1, (word >>> 16) & 255) ^ entry(t0, word >>> 24);
  }
  for (; at < end; at++) crc = entry(t0, (crc ^ byte(bytes, at)) & 255) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The form in which Pebble stores it: rotated right by 15, plus a constant. */
export function maskedCrc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const crc = crc32c(bytes, start, end);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function entry(table: Int32Array, index: number): number {
  return table[index] ?? 0;
}

function makeTables(): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const tables = [new Int32Array(256), new Int32Array(256), new Int32Array(256), new Int32Array(256)] as const;
  for (let index = 0; index < 256; index++) {
    let crc = index;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
    tables[0][index] = crc;
  }
  for (let index = 0; index < 256; index++) {
    for (let row = 1; row < 4; row++) {
      const before = entry(tables[row - 1] ?? tables[0], index);
      (tables[row] ?? tables[0])[index] = entry(tables[0], before & 255) ^ (before >>> 8);
    }
  }
  return tables;
}
