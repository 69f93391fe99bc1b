import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom } from '@wardrobe/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPebble } from '../src/pebble/read-pebble.js';
import { printSeed, SEED } from './golden.js';
import { batch, frame, type SequencedEntry, table, versionEdit, type WrittenDatabase, type WrittenEntry, writeDatabase } from './pebble-writer.js';
import { temporaryFolder } from './temporary.js';

const quick = { attempts: 2, wait: () => Promise.resolve() };
const set = (key: string, value: string): WrittenEntry => ({ kind: 1, key, value });
printSeed('made-up databases');

const emptyLog = (number: number) => [number, frame([], { logNumber: number, trailer: true })] as const;

/** Databases without logs of their own get an empty one, as plakar always leaves. */
async function read(database: WrittenDatabase, wanted?: readonly string[]) {
  const directory = await temporaryFolder('pebble');
  await writeDatabase(directory, { logs: [emptyLog(99)], ...database });
  const content = await readPebble(directory, wanted === undefined ? quick : { ...quick, wanted });
  return { ...content, entries: [...content.keys].map(([key, value]) => `${key}=${Buffer.from(value).toString('latin1')}`) };
}

function manyEntries(count: number): SequencedEntry[] {
  return Array.from({ length: count }, (_, index) => ({
    kind: 1,
    key: `__delta__:${index % 7 === 5 ? 5 : 9}:${String(index).padStart(6, '0')}`,
    value: `value ${index}`,
    sequence: index + 1,
  }));
}

describe('tables', () => {
  test.each([
    ['plain', false, 2],
    ['snappy', true, 2],
    ['version 1', false, 1],
  ])('a table with a two-level index is read whole (%s)', async (_name, snappy, version) => {
    const entries = manyEntries(3000);
    const { keys, files } = await read({ tables: [table(entries, { level: 0, number: 5, snappy, version, blockBytes: 512, indexBlockBytes: 512 })] });
    expect(keys.size).toBe(3000);
    expect(files.tables[0]).toMatchObject({ entries: 3000 });
    expect(files.tables[0]?.blocksRead).toBe(files.tables[0]?.blocks);
  });

  test('with wanted prefixes only the blocks and index parts that may hold them are read', async () => {
    const { keys, files } = await read({ tables: [table(manyEntries(3000), { level: 0, number: 5, blockBytes: 512, indexBlockBytes: 512 })] }, [
      '__delta__:5:',
    ]);
    expect([...keys.keys()]).toEqual(
      manyEntries(3000)
        .map(({ key }) => key)
        .filter((key) => key.startsWith('__delta__:5:'))
        .sort(),
    );
    expect(files.tables[0]?.blocksRead).toBeLessThan(40);
  });

  test('a key outside the bounds that the MANIFEST gives is damage: a table of another database in its place', async () => {
    const real = table(manyEntries(10), { level: 0, number: 5 });
    const other = table(
      manyEntries(10).map((entry) => ({ ...entry, key: `x${entry.key.slice(1)}` })),
      { level: 0, number: 5 },
    );
    expect(other.bytes.length).toBe(real.bytes.length);
    const directory = await temporaryFolder('pebble');
    await writeDatabase(directory, { tables: [real], logs: [emptyLog(99)] });
    await writeFile(join(directory, '000005.sst'), other.bytes);
    await expect(readPebble(directory, quick)).rejects.toMatchObject({ code: 'damaged', message: expect.stringContaining('outside the bounds') });
  });

  test('table version 3 and cache format 15 are refused by number', async () => {
    await expect(read({ tables: [table(manyEntries(3), { level: 0, number: 5, version: 3 })] })).rejects.toMatchObject({
      code: 'unsupported',
      message: 'table 5: unsupported table version 3',
    });
    await expect(read({ formatVersion: '015' })).rejects.toMatchObject({ code: 'unsupported', message: 'unsupported cache format 15' });
    await expect(read({ formatVersion: '014', logs: [[2, frame([batch(1, [set('a', '1')])], { logNumber: 2 })]] })).resolves.toMatchObject({
      entries: ['a=1'],
    });
  });
});

describe('which write wins', () => {
  test('the highest sequence over logs and tables, whatever their levels', async () => {
    const old = table(
      [
        { ...set('a', 'old'), sequence: 5 },
        { ...set('b', 'kept'), sequence: 6 },
        { ...set('c', 'gone'), sequence: 7 },
      ],
      { level: 6, number: 4 },
    );
    const newer = table(
      [
        { ...set('a', 'newer'), sequence: 9 },
        { kind: 0, key: 'c', sequence: 10 },
        { kind: 18, key: 'd', value: 'reset', sequence: 11 },
      ],
      { level: 0, number: 6 },
    );
    const log = frame([batch(12, [set('a', 'newest'), set('e', '1'), { kind: 7, key: 'e' }])], { logNumber: 7 });
    expect((await read({ minLog: 7, tables: [old, newer], logs: [[7, log]] })).entries).toEqual(['a=newest', 'b=kept', 'd=reset']);
  });

  test('a range delete hides keys from its start up to its end, exclusive, with a smaller sequence', async () => {
    const entries = ['a', 'b', 'c', 'd'].map((key, index) => ({ ...set(key, key), sequence: index + 1 }));
    const inTable = table([...entries, { kind: 15, key: 'b', value: 'd', sequence: 9 }], { level: 0, number: 5 });
    expect((await read({ tables: [inTable] })).entries).toEqual(['a=a', 'd=d']);
    const log = frame([batch(10, [set('c', 'back'), { kind: 15, key: 'a', value: 'b' }, { kind: 15, key: 'c', value: 'd' }, set('a', 'after')])], {
      logNumber: 8,
    });
    expect((await read({ tables: [inTable], logs: [[8, log]] })).entries).toEqual(['a=after', 'd=d']);
  });

  test('log data takes no sequence number and is not counted', async () => {
    const log = frame([batch(1, [set('a', '1'), { kind: 3, key: 'note' }, set('a', '2')])], { logNumber: 2 });
    expect((await read({ logs: [[2, log]] })).entries).toEqual(['a=2']);
  });

  test.each([2, 19, 20, 21, 22, 24])('an entry of kind %i is refused, never guessed', async (kind) => {
    const log = frame([Buffer.concat([batch(1, []).subarray(0, 8), Buffer.from([1, 0, 0, 0, kind, 1, 97, 1, 98])])], { logNumber: 2 });
    await expect(read({ logs: [[2, log]] })).rejects.toMatchObject({ code: 'unsupported' });
  });

  test('any history of sets, deletes and range deletes, split over tables and logs at random, gives what a plain map gives', async () => {
    const key = fc.integer({ min: 0, max: 30 }).map((n) => `k${String(n).padStart(2, '0')}`);
    const write = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom(1, 18), key, value: fc.string({ maxLength: 40, unit: 'binary-ascii' }) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom(0, 7), key }) },
      { weight: 1, arbitrary: fc.tuple(key, key).map(([left, right]) => ({ kind: 15, key: left < right ? left : right, value: left < right ? right : left })) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(write, fc.integer({ min: 0, max: 3 })), { maxLength: 120 }), fc.boolean(), async (history, snappy) => {
        const expected = new Map<string, string>();
        history.forEach(([entry]) => {
          if (entry.kind === 15)
            for (const known of [...expected.keys()]) known >= entry.key && known < String((entry as { value: string }).value) && expected.delete(known);
          else if (entry.kind === 1 || entry.kind === 18) expected.set(entry.key, (entry as { value: string }).value);
          else expected.delete(entry.key);
        });
        const sequenced: (SequencedEntry & { place: number })[] = history.map(([entry, place], index) => ({
          ...(entry as WrittenEntry),
          sequence: index + 1,
          place,
        }));
        const inPlace = (place: number): SequencedEntry[] => sequenced.filter((entry) => entry.place === place);
        const tables = [0, 1]
          .filter((place) => inPlace(place).length > 0)
          .map((place) => table(inPlace(place), { level: place * 6, number: 10 + place, snappy, blockBytes: 200, indexBlockBytes: 100 }));
        const logs = [2, 3].map((place) => {
          const records = inPlace(place).map((entry) => batch(entry.sequence, [{ ...entry, kind: entry.kind === 18 ? 1 : entry.kind }]));
          return [18 + place, frame(records, { logNumber: 18 + place, trailer: place === 2 })] as const;
        });
        const { entries } = await read({ tables, logs });
        expect(entries).toEqual([...expected].sort(([left], [right]) => (left < right ? -1 : 1)).map(([name, value]) => `${name}=${value}`));
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});

describe('logs', () => {
  const long = (length: number, letter: string): Buffer => batch(letter.charCodeAt(0), [set(letter, letter.repeat(length))]);

  test('a record longer than a block is put together from its parts', async () => {
    const log = frame([long(10, 'a'), long(100_000, 'b'), long(32_700, 'c'), long(5, 'd')], { logNumber: 2, trailer: true });
    const { keys, files } = await read({ logs: [[2, log]] });
    expect([...keys].map(([key, value]) => [key, value.length])).toEqual([
      ['a', 10],
      ['b', 100_000],
      ['c', 32_700],
      ['d', 5],
    ]);
    expect(files.logs).toEqual([{ number: 2, records: 4, end: 'trailer', unreadBytes: 0 }]);
  });

  test('a chunk that would end 1 to 18 bytes before its block leaves zeros there', async () => {
    for (let spare = 0; spare <= 20; spare++) {
      const first = long(32768 - 11 - 12 - 5 - spare - 1, 'a');
      const { keys } = await read({ logs: [[2, frame([first, long(30, 'b')], { logNumber: 2 })]] });
      expect([...keys.keys()]).toEqual(['a', 'b']);
    }
  });

  test('a log in a recycled file ends where the older content begins', async () => {
    const old = frame([long(200, 'x'), long(40_000, 'y'), long(200, 'z')], { logNumber: 3 });
    const fresh = frame([long(50, 'a'), long(20, 'b')], { logNumber: 9 });
    const recycled = Buffer.concat([fresh, old.subarray(fresh.length)]);
    const { keys, files } = await read({ minLog: 9, logs: [[9, recycled]] });
    expect([...keys.keys()]).toEqual(['a', 'b']);
    expect(files.logs[0]).toMatchObject({ records: 2, unreadBytes: old.length - fresh.length });
    expect(['stale-bytes', 'stale-record', 'torn', 'bad-checksum']).toContain(files.logs[0]?.end);
  });

  test('older content that happens to start a chunk right there is a stale record', async () => {
    const fresh = frame([long(50, 'a')], { logNumber: 9 });
    const { files } = await read({ minLog: 9, logs: [[9, Buffer.concat([fresh, frame([long(9, 'x')], { logNumber: 3 })])]] });
    expect(files.logs[0]?.end).toBe('stale-record');
  });

  test('every cut of the last log shows the writes before it', async () => {
    const records = [...'abcdef'].map((letter) => long(9000, letter));
    const log = frame(records, { logNumber: 2 });
    const random = seededRandom(SEED);
    for (let round = 0; round < 40; round++) {
      const cut = random.below(log.length);
      const { keys, files } = await read({ logs: [[2, log.subarray(0, cut)]] });
      expect([...'abcdef'].slice(0, keys.size)).toEqual([...keys.keys()]);
      expect(['eof', 'torn']).toContain(files.logs[0]?.end);
    }
  });

  test('space that was preallocated and not written is an end: zeros', async () => {
    const log = Buffer.concat([frame([long(50, 'a')], { logNumber: 2 }), Buffer.alloc(5000)]);
    const { keys, files } = await read({ logs: [[2, log]] });
    expect([...keys.keys()]).toEqual(['a']);
    expect(files.logs[0]).toMatchObject({ end: 'zeros', unreadBytes: 5000 });
  });

  test('valid chunks after a bad one mean damage in the middle, not an end', async () => {
    const log = frame([long(100, 'a'), long(40_000, 'b'), long(100, 'c')], { logNumber: 2 });
    log[50] = (log[50] ?? 0) ^ 1;
    await expect(read({ logs: [[2, log]] })).rejects.toMatchObject({ code: 'damaged', message: expect.stringContaining('damaged in its middle') });
  });

  test('an earlier live log must end with its trailer or at its end', async () => {
    const first = frame([long(50, 'a')], { logNumber: 2, trailer: true });
    const last = frame([long(50, 'b')], { logNumber: 4 });
    expect(
      (
        await read({
          logs: [
            [2, first],
            [4, last],
          ],
        })
      ).keys.size,
    ).toBe(2);
    await expect(
      read({
        logs: [
          [2, first.subarray(0, 40)],
          [4, last],
        ],
      }),
    ).rejects.toMatchObject({ code: 'damaged', message: 'log 2 ends with torn though a later log follows' });
  });

  test('logs below minLog are dead, whatever they hold', async () => {
    const { keys } = await read({
      minLog: 5,
      logs: [
        [2, Buffer.from('garbage')],
        [5, frame([long(5, 'a')], { logNumber: 5 })],
      ],
    });
    expect([...keys.keys()]).toEqual(['a']);
  });

  test('log numbers are compared as numbers', async () => {
    const logs = [
      [999_999, frame([batch(1, [set('a', '1')])], { logNumber: 999_999 })],
      [1_000_000, frame([batch(2, [set('a', '2')])], { logNumber: 1_000_000 })],
    ] as const;
    expect((await read({ logs })).entries).toEqual(['a=2']);
  });
});

describe('MANIFEST', () => {
  test('in one edit removals come before additions, and a table may move between levels', async () => {
    const five = table([{ ...set('a', '1'), sequence: 1 }], { level: 0, number: 5 });
    const edits = [versionEdit({ comparer: true, added: [five] }), versionEdit({ added: [{ ...five, level: 6 }], removed: [[0, 5]] })];
    const { files } = await read({ edits, tables: [five] });
    expect(files.tables).toMatchObject([{ level: 6, number: 5 }]);
  });

  test.each([
    ['removing a table that is not there', versionEdit({ comparer: true, removed: [[0, 9]] }), 'damaged'],
    ['no comparer', versionEdit({ minLog: 3 }), 'damaged'],
    ['an unknown field', Buffer.from([107, 1]), 'unsupported'],
    ['another key order', Buffer.concat([Buffer.from([1, 3]), Buffer.from('foo')]), 'unsupported'],
    ['a field cut short', Buffer.from([2]), 'damaged'],
    ['a number above 2^53', Buffer.from([2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]), 'damaged'],
  ])('%s is an error', async (_name, edit, code) => {
    await expect(read({ edits: [edit] })).rejects.toMatchObject({ code });
  });
});

describe('directories', () => {
  test('one with neither markers nor logs is an empty cache; a CURRENT file means an older format; logs alone are damage', async () => {
    const directory = await temporaryFolder('pebble');
    expect((await readPebble(directory, quick)).keys.size).toBe(0);
    await writeFile(join(directory, 'CURRENT'), 'MANIFEST-000001\n');
    await expect(readPebble(directory, quick)).rejects.toMatchObject({ code: 'unsupported' });
    const logsOnly = await temporaryFolder('pebble');
    await writeFile(join(logsOnly, '000002.log'), '');
    await expect(readPebble(logsOnly, quick)).rejects.toMatchObject({ code: 'damaged' });
  });

  test('a database without a live log lacks its newest writes', async () => {
    await expect(read({ tables: [table(manyEntries(3), { level: 0, number: 5 })], logs: [] })).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('no live log'),
    });
  });

  test('of several markers the highest number wins, compared as a number', async () => {
    const directory = await temporaryFolder('pebble');
    await writeDatabase(directory, { logs: [[2, frame([batch(1, [set('a', '1')])], { logNumber: 2 })]] });
    await writeFile(join(directory, 'marker.manifest.999999.MANIFEST-000007'), '');
    await writeFile(join(directory, 'marker.manifest.1000000.MANIFEST-000001'), '');
    expect((await readPebble(directory, quick)).files.manifest).toBe(1);
  });

  test('problems that change from attempt to attempt mean busy, the same problem each time means damage', async () => {
    const directory = await temporaryFolder('pebble');
    await writeDatabase(directory, { edits: [versionEdit({ comparer: true, added: [table(manyEntries(3), { level: 0, number: 5 })] })], logs: [emptyLog(2)] });
    await expect(readPebble(directory, quick)).rejects.toMatchObject({ code: 'damaged', message: '000005.sst is missing' });
    const wait = () => writeFile(join(directory, '000005.sst'), 'short');
    await expect(readPebble(directory, { attempts: 2, wait })).rejects.toMatchObject({ code: 'busy' });
  });
});
