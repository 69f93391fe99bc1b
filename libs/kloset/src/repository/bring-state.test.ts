import type { StateId } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../errors/errors.js';
import { memoryStore } from '@wardrobe/connector-memory';
import { bringState, type BroughtState } from './bring-state.js';

const id = 'ab'.repeat(32) as StateId;
const whole = Uint8Array.from({ length: 200 }, (_, at) => at);
const footer = { at: 168, bytes: whole.subarray(168) };

/** Fails after `put` had its way with the file; saying that trying again is no use. */
function bringing(store: ReturnType<typeof memoryStore>, put: Uint8Array | null, rest: Pick<BroughtState, 'torn' | 'mark'>): Promise<void> {
  const bring = async (): Promise<void> => {
    if (put !== null) await store.write('state', id, put);
    throw new StoreError('the line is down');
  };
  return bringState(store, { id, sizeBytes: whole.length, bring, ...rest }, undefined);
}

describe('a state whose writing is said to have failed', () => {
  it('and that is there whole counts as brought', async () => {
    for (const torn of ['remove', 'keep'] as const) {
      const store = memoryStore();
      await expect(bringing(store, whole, { torn, mark: footer })).resolves.toBeUndefined();
      expect(store.items.state.get(id)).toEqual(whole);
    }
  });

  it('torn under a new name: it is removed, because it would block every command of plakar', async () => {
    const store = memoryStore();
    await expect(bringing(store, whole.subarray(0, 90), { torn: 'remove', mark: footer })).rejects.toThrow('the line is down');
    expect(store.items.state.size).toBe(0);
  });

  it('torn in place of a damaged one: what is there stays, for the next repair to replace', async () => {
    const store = memoryStore();
    await expect(bringing(store, whole.subarray(0, 90), { torn: 'keep', mark: { at: 0, bytes: whole } })).rejects.toThrow('the line is down');
    expect(store.items.state.get(id)?.length).toBe(90);
  });

  it('in place of a damaged one with the very same length and footer: the damage is not taken for the new file', async () => {
    const store = memoryStore();
    const damaged = whole.slice();
    damaged[50] = 0;
    await store.write('state', id, damaged);
    await expect(bringing(store, null, { torn: 'keep', mark: { at: 0, bytes: whole } })).rejects.toThrow('the line is down');
    expect(store.items.state.get(id)).toEqual(damaged);
  });

  it('and that is nowhere is not there', async () => {
    const store = memoryStore();
    await expect(bringing(store, null, { torn: 'remove', mark: footer })).rejects.toThrow('the line is down');
    expect(store.items.state.size).toBe(0);
  });
});
