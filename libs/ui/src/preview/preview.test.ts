import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hexLine, offsetDigits, parseOffset } from './hex.js';
import { formatJson } from './json.js';
import { modeOf, previewKind } from './kind.js';
import { plainLines, roleOfStyle } from './tokens.js';

const named = (text: string, contentType: string | null = null) => ({ name: { text }, contentType });
const joined = (lines: ReturnType<typeof formatJson>) =>
  'fault' in lines ? lines.fault : lines.map((line) => line.map((token) => token.text).join('')).join('\n');

describe('JSON', () => {
  test('is laid out as JSON.stringify lays it out', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(joined(formatJson(text))).toBe(JSON.stringify(JSON.parse(text), null, 2));
      }),
    );
  });

  test('long numbers, escapes and repeated names are not changed', () => {
    const text = '{"id":12345678901234567890123,"x":1.10e+02,"s":"\\u00e9\\/","id":[]}';
    expect(joined(formatJson(text))).toBe('{\n  "id": 12345678901234567890123,\n  "x": 1.10e+02,\n  "s": "\\u00e9\\/",\n  "id": []\n}');
  });

  test('names and strings are told apart', () => {
    const lines = formatJson('{"a" : "b:c", "n": -1, "t": true}');
    const roles =
      'fault' in lines
        ? []
        : lines
            .flat()
            .filter((token) => token.role !== null)
            .map((token) => [token.text, token.role]);
    expect(roles).toEqual([
      ['"a"', 'name'],
      ['"b:c"', 'string'],
      ['"n"', 'name'],
      ['-1', 'number'],
      ['"t"', 'name'],
      ['true', 'constant'],
    ]);
  });

  test('what is not JSON says where', () => {
    expect(joined(formatJson('{"a": 1,\n"b": nul}'))).toBe('This is not valid JSON: line 2 cannot be read.');
    expect(joined(formatJson('{"a": 1'))).toBe('This is not valid JSON: it ends too early.');
    expect(joined(formatJson(''))).toBe('This is not valid JSON: it ends too early.');
  });

  test('any text gives lines or a fault, never an exception', () => {
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => Array.isArray(formatJson(text)) || 'fault' in formatJson(text)));
  });

  test('nesting of a hundred thousand levels is refused quickly', () => {
    expect('fault' in formatJson('['.repeat(100_000))).toBe(true);
  });
});

describe('kinds', () => {
  test('follow the name, not what the backup says', () => {
    expect(previewKind(named('a.PDF', 'text/html'))).toBe('pdf');
    expect(previewKind(named('x.svg', 'image/svg+xml'))).toBe('unknown');
    expect(previewKind(named('page.html', 'text/html'))).toBe('text');
    expect(previewKind(named('.json'))).toBe('unknown');
    expect(previewKind(named('blob', 'application/octet-stream'))).toBe('unknown');
  });

  test('a mode that the kind does not have falls back to its first', () => {
    expect([modeOf('image', 'raw'), modeOf('json', 'hex'), modeOf('text', null)]).toEqual(['formatted', 'hex', 'raw']);
  });
});

describe('text', () => {
  test('lines keep their text whatever their length and end', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ maxLength: 20 }).map((line) => line.replaceAll(/[\r\n]/g, '')),
          { minLength: 1, maxLength: 30 },
        ),
        fc.constantFrom('\n', '\r\n'),
        (lines, end) => {
          expect(plainLines(lines.join(end) + end).map((line) => line.map((token) => token.text).join(''))).toEqual(lines);
        },
      ),
    );
    expect(plainLines('x'.repeat(9000))[0]?.length).toBe(3);
  });

  test('colours become roles, unknown ones none', () => {
    expect(roleOfStyle('--shiki-light:#D73A49;--shiki-dark:#F97583')).toBe('keyword');
    expect(roleOfStyle('--shiki-light:#24292E;--shiki-dark:#E1E4E8')).toBeNull();
    expect(roleOfStyle('color:red')).toBeNull();
  });
});

describe('hex', () => {
  test('a line shows every byte and pads what is not there', () => {
    expect(hexLine(Uint8Array.from([0, 0x41, 0xff]), { start: 16, width: 9, digits: 8 })).toEqual({
      offset: '00000010',
      bytes: `00 41 ff${' '.repeat(19)}`,
      text: '.A.',
    });
  });

  test('offsets need as many digits as the last byte', () => {
    expect([offsetDigits(0), offsetDigits(2 ** 32), offsetDigits(2 ** 40)]).toEqual([8, 8, 10]);
  });

  test('an offset is read in both bases and kept inside the file', () => {
    expect([parseOffset('0x10', 100), parseOffset(' 31 ', 100), parseOffset('100', 100), parseOffset('x', 100), parseOffset('-1', 100)]).toEqual([
      16,
      31,
      null,
      null,
      null,
    ]);
  });
});
