import { randomFillSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openFixture } from '../../../test/open-fixture.js';
import { parseConfig } from '../../repository/config-file.js';
import { unitEncoder } from '../../repository/unit-codec.js';
import { BlobOpener } from './blob-opener.js';

const LENGTHS = [0, 1, 15, 16, 300, 700, 768, 1500, 8191, 8192, 65_535, 65_537, 140_000];
const ROUNDS = 4;

describe.each(['v10-plain-desync', 'v11-enc-desync'] as const)('opening blobs of %s in place', (name) => {
  async function made(): Promise<{ opener: BlobOpener; plains: Uint8Array[]; macs: Uint8Array[]; starts: number[]; units: Uint8Array[] }> {
    const { store, secret, keys } = await openFixture(name);
    const { config } = parseConfig(await store.readConfig());
    const encode = unitEncoder(config, secret, (lengthBytes) => randomFillSync(new Uint8Array(lengthBytes)));
    const plains = Array.from({ length: ROUNDS * LENGTHS.length }, (_, index) => {
      const plain = new Uint8Array(LENGTHS[index % LENGTHS.length] as number);
      return index % 2 === 0 ? randomFillSync(plain) : plain.fill(index);
    });
    const opener = new BlobOpener(config, secret, 4 << 20);
    const units = plains.map(encode);
    let at = opener.input;
    const starts = units.map((unit) => {
      opener.bytes.set(unit, at);
      at += unit.length;
      return at - unit.length;
    });
    return { opener, plains, macs: plains.map((plain) => keys.algorithm.hash(plain)), starts, units };
  }

  const expectAll = (opener: BlobOpener, starts: readonly number[], units: readonly Uint8Array[]): void => {
    opener.expectNone();
    for (const [index, start] of starts.entries()) opener.expect(start, (units[index] as Uint8Array).length);
    opener.expectedAll();
  };

  it.each([true, false])('every length, with keys unwrapped together: %s', async (together) => {
    const { opener, plains, macs, starts, units } = await made();
    if (together) expectAll(opener, starts, units);
    for (const [index, start] of starts.entries()) {
      const opened = opener.open(start, (units[index] as Uint8Array).length, macs[index] as Uint8Array);
      expect(opened === null ? null : Buffer.compare(opened, plains[index] as Uint8Array)).toBe(0);
      expect(opener.open(start, (units[index] as Uint8Array).length, macs[(index + 1) % macs.length] as Uint8Array)).toBeNull();
    }
  });

  it('a changed bit anywhere is nothing, and harms no neighbour', async () => {
    const { opener, plains, macs, starts, units } = await made();
    for (const [index, unit] of units.entries()) {
      if (unit.length === 0) continue;
      const bit = (index * 7919) % (unit.length * 8);
      const at = (starts[index] as number) + (bit >>> 3);
      opener.bytes[at] = (opener.bytes[at] as number) ^ (1 << (bit & 7));
      expectAll(opener, starts, units);
      const opened = opener.open(starts[index] as number, unit.length, macs[index] as Uint8Array);
      // In a plain store a match of LZ4 may be taken from elsewhere, to the same bytes.
      if (opened !== null) expect([name, Buffer.compare(opened, plains[index] as Uint8Array)]).toEqual(['v10-plain-desync', 0]);
      const next = (index + 1) % units.length;
      expect(opener.open(starts[next] as number, (units[next] as Uint8Array).length, macs[next] as Uint8Array)).not.toBeNull();
      opener.bytes[at] = (opener.bytes[at] as number) ^ (1 << (bit & 7));
    }
  });

  it('keys of units that were overwritten since are not taken for those of others', async () => {
    const { opener, macs, starts, units } = await made();
    expectAll(opener, starts, units);
    const [first = 0] = starts;
    const other = units[4] as Uint8Array;
    opener.bytes.set(other, first);
    expect(opener.open(first, other.length, macs[4] as Uint8Array)).not.toBeNull();
  });
});
