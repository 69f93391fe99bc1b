import type { PackfileId } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import { type Block, HeldBlocks } from './held-blocks.js';

const MIB = 1 << 20;
const PACKFILE = '1'.repeat(64) as PackfileId;
/** What is held at most with this pace. */
const ROOM = 16;

function held(): { readonly blocks: HeldBlocks; add(number: number): Block } {
  const blocks = new HeldBlocks({ wantedBytes: 2 * MIB });
  const add = (number: number): Block => {
    const block: Block = {
      packfile: PACKFILE,
      start: number * MIB,
      end: (number + 1) * MIB,
      bytes: Promise.resolve(new Uint8Array(0)),
      isLoaded: false,
      isUsed: false,
    };
    blocks.add(block);
    blocks.loaded(block);
    return block;
  };
  return { blocks, add };
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const isHeld = (blocks: HeldBlocks, number: number): boolean => blocks.find(PACKFILE, number * MIB) !== null;

describe('blocks that are held', () => {
  it('are given up for reading ahead when they were used, but not the last half of the room', () => {
    const { blocks, add } = held();
    for (const number of numbers(0, ROOM)) blocks.use(add(number));
    let ahead = 0;
    for (; blocks.hasRoom(MIB); ahead++) add(ROOM + ahead);
    expect(ahead).toBe(ROOM / 2);
    expect(numbers(0, ROOM).filter((number) => isHeld(blocks, number))).toEqual(numbers(ROOM / 2, ROOM));
    expect(blocks.trust).toBe(1);
  });

  it('are given up for what somebody wants now, those that were used first', () => {
    const { blocks, add } = held();
    for (const number of numbers(0, ROOM / 2)) blocks.use(add(number));
    for (const number of numbers(ROOM / 2, ROOM)) add(number);
    for (const number of numbers(ROOM, ROOM + 4)) blocks.use(add(number));
    expect(numbers(0, ROOM).filter((number) => isHeld(blocks, number))).toEqual(numbers(4, ROOM));
    expect(blocks.trust).toBe(1);
  });

  it('are given up when nobody asked for them while a whole room was used; less is read ahead then', () => {
    const { blocks, add } = held();
    for (const number of numbers(0, 4)) add(number);
    let trust = 1;
    for (const number of numbers(4, 4 + 2 * ROOM)) {
      blocks.use(add(number));
      trust = Math.min(trust, blocks.trust);
    }
    expect(numbers(0, 4).some((number) => isHeld(blocks, number))).toBe(false);
    expect(trust).toBeLessThan(1);
  });
});
