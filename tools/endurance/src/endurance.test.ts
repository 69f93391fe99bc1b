import { assertOracle, type OracleLine, oracleAvailable, oracleProgram } from '@wardrobe/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { actionsOf, step } from './actions.js';
import { compareContents, compareOurs, comparePlakar, proveAll } from './readers.js';
import { World, type WorldOptions } from './world.js';

const IS_LONG = process.env['WARDROBE_TEST_LONG'] === '1';
/** How long and how often, instead of what is usual. */
const STEPS = Number(process.env['WARDROBE_STEPS'] ?? (IS_LONG ? 400 : 30));
const FIRST_SEED = Number(process.env['WARDROBE_SEED'] ?? 1);

/** Steps between two looks by plakar, which are slow. */
const PLAKAR_EVERY = 10;

async function endure(options: WorldOptions, steps: number): Promise<Readonly<Record<string, number>>> {
  const world = await World.of(options);
  let actions = actionsOf(world);
  try {
    for (let at = 0; at < steps; at += 1) {
      if (options.upgrades === true && at === steps >> 1) {
        await world.upgrade();
        actions = actionsOf(world);
      }
      await step(world, actions);
      await compareOurs(world);
      await compareContents(world, world.random.shuffle(world.model.ids).slice(0, 1));
      if (at % PLAKAR_EVERY === PLAKAR_EVERY - 1) await comparePlakar(world);
    }
    await compareContents(world, world.model.ids);
    await proveAll(world);
    await comparePlakar(world);
  } catch (error) {
    throw new Error(`seed ${options.seed}, line ${options.line}, after: ${world.log.slice(-12).join(', ')} (step ${world.log.length})`, { cause: error });
  } finally {
    await world.close();
  }
  return world.counts;
}

it('plakar takes part, or the run says why not', () => {
  assertOracle();
});

describe('machines that use one store for weeks', () => {
  const oracles: readonly OracleLine[] = oracleAvailable() ? ['1.0', '1.1'] : [];
  // A first build compiles plakar's libraries.
  beforeAll(async () => {
    for (const line of oracles) await oracleProgram(line);
  }, 900_000);

  const totals: Record<string, number> = {};
  const casts: readonly (Pick<WorldOptions, 'line' | 'oracles' | 'upgrades'> & { readonly who: string })[] = [
    { line: '1.0', oracles: [], who: 'with Wardrobe alone' },
    { line: '1.1', oracles: [], who: 'with Wardrobe alone' },
    { line: '1.0', oracles: oracles.slice(0, 1), who: 'with plakar 1.0' },
    { line: '1.1', oracles: oracles.slice(1), who: 'with plakar 1.1' },
    ...(oracles.length > 0 ? [{ line: '1.0', oracles: oracles.slice(0, 1), upgrades: true, who: 'with plakar 1.0 and then 1.1' } as const] : []),
  ];
  const cases = casts.flatMap((cast) =>
    Array.from({ length: IS_LONG ? 5 : 1 }, (_, index) => ({ ...cast, seed: FIRST_SEED + index, machines: 3, encrypted: index % 2 === 1 })),
  );

  it.each(cases)('line $line $who, seed $seed: after every step every reader sees what the model says', async ({ who: _who, ...options }) => {
    const counts = await endure(options, STEPS);
    for (const [what, count] of Object.entries(counts)) totals[what] = (totals[what] ?? 0) + count;
    expect(counts['backup']).toBeGreaterThan(0);
  });

  it('the counts are told', () => {
    process.stdout.write(`endurance: ${JSON.stringify(totals)}\n`);
    expect(totals['maintenance']).toBeGreaterThan(0);
  });
});
