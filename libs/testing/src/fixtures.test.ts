import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { availableFixtures, COMMITTED_FIXTURES, copyFixtureStore, unpackFixture } from './fixtures.js';
import { seededRandom } from './random.js';

describe('fixtures', () => {
  it('the committed ones are there', () => {
    expect(availableFixtures()).toEqual(expect.arrayContaining([...COMMITTED_FIXTURES]));
  });

  it.each(availableFixtures())('%s unpacks once, and as a private copy', async (name) => {
    const fixture = await unpackFixture(name);
    expect(existsSync(join(fixture.storeDir, 'CONFIG'))).toBe(true);
    expect((await unpackFixture(name)).storeDir).toBe(fixture.storeDir);
    expect(await copyFixtureStore(name)).not.toBe(fixture.storeDir);
  });
});

describe('seeded random', () => {
  it('the same seed gives the same numbers', () => {
    expect(seededRandom(7).hex64()).toBe(seededRandom(7).hex64());
    expect(seededRandom(7).hex64()).not.toBe(seededRandom(8).hex64());
  });
});
