import type { FixtureName } from '@wardrobe/testing';
import { expect, it } from 'vitest';
import { type MatrixResult, runMatrix } from './matrix.js';
import { soundStore } from './sound-store.js';

/** Printed, so that a run can be repeated: `WARDROBE_SEED=… npm test -- cli`. */
const SEED = Number(process.env['WARDROBE_SEED'] ?? 20_261_123);
const IS_LONG = process.env['WARDROBE_TEST_LONG'] === '1';
const BUDGET_MS = Number(process.env['WARDROBE_DAMAGE_SECONDS'] ?? (IS_LONG ? 3600 : 110)) * 1000;

/** The damage matrix of one store: no cell gives a silent wrong answer. */
export function damageMatrix(name: FixtureName): void {
  it('gives the sound answer or says what is damaged, in every cell', { timeout: BUDGET_MS + 240_000 }, async () => {
    const result = await runMatrix(await soundStore(name), { seed: SEED, perCell: IS_LONG ? 60 : 4, budgetMs: BUDGET_MS });
    process.stdout.write(table(name, result));
    expect(result.wrong.slice(0, 20).join('\n\n')).toBe('');
  });
}

const COLUMNS = ['one bit', '8 bytes', 'zeroed', 'truncated', 'deleted', 'swapped', 'overwritten by another', 'from another store'];

/** Counts a kind and damage: told / harmless / wrong. */
function table(name: string, result: MatrixResult): string {
  const kinds = [...new Set([...result.rows.keys()].map((key) => key.split('\t')[0] as string))].sort();
  const lines = kinds.map((kind) => {
    const fields = COLUMNS.map((damage) => {
      const row = result.rows.get(`${kind}\t${damage}`);
      return (row === undefined ? '-' : `${row.told}/${row.harmless}/${row.wrong}`).padStart(10);
    });
    return `${kind.padEnd(24)}${fields.join('')}`;
  });
  const sum = [...result.rows.values()].reduce(
    (all, row) => ({ told: all.told + row.told, harmless: all.harmless + row.harmless, wrong: all.wrong + row.wrong }),
    { told: 0, harmless: 0, wrong: 0 },
  );
  const head = `${'told/harmless/wrong'.padEnd(24)}${COLUMNS.map((column) => column.replace(' by another', '').replace(' another', '').padStart(10).slice(0, 10)).join('')}`;
  return `\ndamage matrix of ${name}, seed ${SEED}: ${result.cells} cells, ${result.commands} commands: ${sum.told} told, ${sum.harmless} harmless, ${sum.wrong} wrong\n${head}\n${lines.join('\n')}\n`;
}
