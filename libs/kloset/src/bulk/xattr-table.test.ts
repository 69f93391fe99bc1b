import { byteName, type Mac, nameBytes } from '@wardrobe/kloset-model';
import { seededRandom } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { XattrTable } from './xattr-table.js';

describe('the table of attributes', () => {
  it('gives of each path what was added for it, in that order, however many there are', () => {
    const random = seededRandom(4);
    const table = new XattrTable();
    const model = new Map<string, [string, string][]>();
    for (let at = 0; at < 3000; at++) {
      const path = `/d${random.below(40)}/f${random.below(50)}`;
      const [name, object] = [`user.n${random.below(5)}`, random.hex64()];
      table.add({ path: byteName(nameBytes(path)), name: byteName(nameBytes(name)), object: object as Mac });
      model.set(path, [...(model.get(path) ?? []), [name, object]]);
      if (at % 999 === 0) expect(table.find(nameBytes(path)).at(-1)?.object).toBe(object);
    }
    for (const [path, values] of model) expect(table.find(nameBytes(path)).map(({ name, object }) => [name.text, object])).toEqual(values);
    expect(table.find(nameBytes('/none'))).toEqual([]);
    expect(new XattrTable().find(nameBytes('/'))).toEqual([]);
  });
});
