import { expect, it } from 'vitest';
import { MAX_INDEX_BYTES } from './bulk-memory.js';
import { IndexRoom, newIndexRoom } from './index-room.js';

it('nothing is laid over an index that was not taken yet', () => {
  const room = newIndexRoom();
  const [filler, taker] = [new IndexRoom(room), new IndexRoom(room)];
  const first = filler.put(Uint8Array.of(1, 2, 3));
  expect(filler.put(Uint8Array.of(9, 9, 9, 9))).toBeNull();
  expect([...(first ?? [])]).toEqual([1, 2, 3]);
  taker.clear();
  expect([...(filler.put(Uint8Array.of(4, 5)) ?? [])]).toEqual([4, 5]);
});

it('holds the largest index, and none beyond', () => {
  const room = new IndexRoom(newIndexRoom());
  expect(room.put(new Uint8Array(MAX_INDEX_BYTES + 1))).toBeNull();
  expect(room.put(new Uint8Array(MAX_INDEX_BYTES))).toHaveLength(MAX_INDEX_BYTES);
});
