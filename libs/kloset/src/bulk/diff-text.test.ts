import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from './diff-lines.js';
import { isBinary, unifiedDiff } from './diff-text.js';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const diff = (a: string, b: string): string[] => unifiedDiff({ name: 'a', content: bytes(a) }, { name: 'b', content: bytes(b) });

/** Length of the longest common subsequence, by the table. */
function common(a: readonly number[], b: readonly number[]): number {
  const rows = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++)
      (rows[i] as number[])[j] =
        a[i - 1] === b[j - 1]
          ? ((rows[i - 1] as number[])[j - 1] as number) + 1
          : Math.max((rows[i - 1] as number[])[j] as number, (rows[i] as number[])[j - 1] as number);
  return (rows[a.length] as number[])[b.length] as number;
}

describe('changes of lines', () => {
  it('are as few as can be, in order, and turn the one into the other', () => {
    const lines = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 });
    fc.assert(
      fc.property(lines, lines, (a, b) => {
        const changes = diffLines(Int32Array.from(a), Int32Array.from(b));
        const made: number[] = [];
        let at = 0;
        let edits = 0;
        for (const change of changes) {
          expect(change.aStart).toBeGreaterThanOrEqual(at);
          made.push(...a.slice(at, change.aStart), ...b.slice(change.bStart, change.bEnd));
          edits += change.aEnd - change.aStart + change.bEnd - change.bStart;
          at = change.aEnd;
        }
        made.push(...a.slice(at));
        expect(made).toEqual(b);
        expect(edits).toBe(a.length + b.length - 2 * common(a, b));
      }),
      { seed: 7, numRuns: 600 },
    );
  });
  it('of two long contents that have nothing in common take bounded time', () => {
    const [a, b] = [Int32Array.from({ length: 30_000 }, (_, at) => at), Int32Array.from({ length: 30_000 }, (_, at) => 100_000 + at)];
    expect(diffLines(a, b)).toEqual([{ aStart: 0, aEnd: 30_000, bStart: 0, bEnd: 30_000 }]);
  });
});

describe('unified diffs', () => {
  it('have three lines around each change and the usual heads', () => {
    const before = `${Array.from({ length: 20 }, (_, at) => `line ${at + 1}`).join('\n')}\n`;
    expect(diff(before, before.replace('line 10\n', 'LINE 10\nmore\n'))).toEqual([
      '--- a',
      '+++ b',
      '@@ -7,7 +7,8 @@',
      ' line 7',
      ' line 8',
      ' line 9',
      '-line 10',
      '+LINE 10',
      '+more',
      ' line 11',
      ' line 12',
      ' line 13',
    ]);
    expect(diff('x\n', 'x\n')).toEqual([]);
    expect(diff('', 'x')).toEqual(['--- a', '+++ b', '@@ -0,0 +1 @@', '+x', '\\ No newline at end of file']);
    expect(diff('x\n', 'x')).toEqual(['--- a', '+++ b', '@@ -1 +1 @@', '-x', '+x', '\\ No newline at end of file']);
  });
  it('are what patch makes the second content from', () => {
    const folder = mkdtempSync(join(tmpdir(), 'wardrobe-diff-'));
    const hasPatch = (() => {
      try {
        execFileSync('patch', ['--version'], { stdio: 'ignore' });
        return true;
      } catch {
        return false;
      }
    })();
    try {
      const text = fc.array(fc.constantFrom('a', 'b', 'caf\xe9', '\xff', ''), { minLength: 1, maxLength: 30 }).map((lines) => lines.join('\n'));
      if (hasPatch)
        fc.assert(
          fc.property(text, text, (a, b) => {
            fc.pre(a !== b && a !== '' && b !== '');
            writeFileSync(join(folder, 'f'), bytes(a));
            writeFileSync(join(folder, 'p'), Buffer.from(`${diff(a, b).join('\n')}\n`, 'latin1'));
            execFileSync('patch', ['-s', '--no-backup-if-mismatch', 'f', 'p'], { cwd: folder });
            expect(readFileSync(join(folder, 'f'), 'latin1')).toBe(b);
          }),
          { seed: 3, numRuns: 25 },
        );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  it('control characters make a content binary', () => {
    expect([isBinary(bytes('text\n\t\r\f\xff')), isBinary(bytes('a\0b')), isBinary(bytes('\x1b[31m')), isBinary(bytes('\x7f'))]).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });
});
