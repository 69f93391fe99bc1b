import { expect, it } from 'vitest';
import { keystream } from '../testing/index.js';
import { SpillingArena } from './spilling-arena.js';

const ITEM_BYTES = 4096;
const ITEMS = 1500;

function filled(pagesInMemory: number): { readonly arena: SpillingArena; readonly items: Uint8Array[]; readonly places: number[] } {
  const arena = new SpillingArena(pagesInMemory);
  const bytes = keystream('arena').bytes(ITEM_BYTES * ITEMS);
  const items = Array.from({ length: ITEMS }, (_, item) => bytes.slice(item * ITEM_BYTES, (item + 1) * ITEM_BYTES - (item % 100)));
  return { arena, items, places: items.map((item) => arena.append(item)) };
}

it('gives back what was appended, in any order, when most of it lies in the file', () => {
  const { arena, items, places } = filled(2);
  for (let turn = 0; turn < ITEMS; turn++) {
    const item = (turn * 379) % ITEMS;
    expect(Buffer.compare(arena.view(places[item] as number, (items[item] as Uint8Array).length), items[item] as Uint8Array)).toBe(0);
  }
  arena.close();
});

it('what was changed stays changed after its page went to the file and came back', () => {
  const { arena, items, places } = filled(3);
  const order = Array.from({ length: ITEMS }, (_, turn) => (turn * 379) % ITEMS);
  for (const item of order) arena.change(places[item] as number).writeUInt32LE(item, arena.at(places[item] as number));
  for (const [item, place] of places.entries()) {
    const view = arena.view(place, (items[item] as Uint8Array).length);
    expect(view.readUInt32LE(0)).toBe(item);
    expect(Buffer.compare(view.subarray(4), (items[item] as Uint8Array).subarray(4))).toBe(0);
  }
  arena.close();
});

it('a view outlives the next pages that are asked for', () => {
  const { arena, items, places } = filled(2);
  const view = arena.view(places[0] as number, (items[0] as Uint8Array).length);
  for (const item of [300, 600, 900]) arena.view(places[item] as number, 1);
  expect(Buffer.compare(view, items[0] as Uint8Array)).toBe(0);
  arena.close();
});

it('nothing is read once it was given up', () => {
  const { arena, places } = filled(2);
  arena.close();
  expect(() => arena.view(places[0] as number, 1)).toThrow(TypeError);
});
