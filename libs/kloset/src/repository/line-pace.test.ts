import { describe, expect, it } from 'vitest';
import { LinePace } from './line-pace.js';

const MIB = 1 << 20;

/** A line that carries `bytesPerMs` after a round trip, asked for pieces one after another and several at once. */
function used(line: { readonly roundTripMs: number; readonly bytesPerMs: number }, pieceBytes: number): LinePace {
  const pace = new LinePace();
  let nowMs = 1000;
  const now = (): number => nowMs;
  const probe = pace.asked(1000, now);
  nowMs += line.roundTripMs;
  probe(true);
  const underWay: { readonly done: (isWhole: boolean) => void; readonly atMs: number }[] = [];
  let freeAtMs = nowMs;
  for (let turn = 0; turn < 200; turn += 1) {
    freeAtMs = Math.max(freeAtMs, nowMs + line.roundTripMs) + pieceBytes / line.bytesPerMs;
    underWay.push({ done: pace.asked(pieceBytes, now), atMs: freeAtMs });
    if (underWay.length < 8) continue;
    const first = underWay.shift();
    nowMs = Math.max(nowMs, first?.atMs ?? 0);
    first?.done(true);
  }
  return pace;
}

describe('the pace of a line', () => {
  it('begins with a floor', () => {
    expect(new LinePace().wantedBytes).toBe(2 * MIB);
  });

  it('asks for twice what the line holds: more round trip or more rate, more bytes', () => {
    const near = used({ roundTripMs: 100, bytesPerMs: 12_500 }, MIB).wantedBytes;
    expect(near / (2 * 100 * 12_500)).toBeGreaterThan(0.9);
    expect(near / (2 * 100 * 12_500)).toBeLessThan(1.6);
    expect(used({ roundTripMs: 200, bytesPerMs: 12_500 }, MIB).wantedBytes).toBeGreaterThan(near);
  });

  it('stays within floor and ceiling', () => {
    expect(used({ roundTripMs: 1, bytesPerMs: 1000 }, MIB / 4).wantedBytes).toBe(2 * MIB);
    expect(used({ roundTripMs: 300, bytesPerMs: 125_000 }, MIB).wantedBytes).toBe(8 * MIB);
  });

  it('counts what is under way, and takes nothing from what failed', () => {
    const pace = new LinePace();
    const [one, two] = [pace.asked(1000), pace.asked(500)];
    expect(pace.underWayBytes).toBe(1500);
    one(false);
    expect(pace.underWayBytes).toBe(500);
    two(true);
    expect(pace.underWayBytes).toBe(0);
  });
});
