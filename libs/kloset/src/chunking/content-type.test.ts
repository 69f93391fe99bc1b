import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertOracle, type Oracle, oracle, oracleAvailable, oracleProgram, type SeededRandom, seededRandom } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTENT_TYPE_BYTES, detectContentType } from './content-type.js';
import { TYPE_RULES } from './content-type-rules.js';

const IS_LONG = process.env['WARDROBE_TEST_LONG'] === '1';
const bytes = (text: string) => Buffer.from(text, 'latin1');

describe('the type of a content', () => {
  it.each([
    ['', 'text/plain'],
    ['hello\n', 'text/plain; charset=utf-8'],
    ['caf\xe9', 'text/plain; charset=iso-8859-1'],
    ['caf\xc3\xa9 au lait', 'text/plain; charset=utf-8'],
    ['\xff\xfeh\x00', 'text/plain; charset=utf-16le'],
    ['\x00\x01\x02\x03', 'application/octet-stream'],
    ['#!/bin/sh\n', 'text/x-shellscript'],
    ['{"a": 1}', 'application/json'],
    ['<html>', 'text/html; charset=utf-8'],
    ['<html><meta charset="ISO-8859-15">', 'text/html; charset=ISO-8859-15'],
    ['<?xml version="1.0" encoding="x"?><a/>', 'text/xml; charset=x'],
    ['\x89PNG\r\n\x1a\n', 'image/png'],
    ['\x1f\x8b', 'application/gzip'],
    ['a,b\n1,2\n', 'text/csv'],
  ])('of %j is %s', (content, type) => {
    expect(detectContentType(bytes(content))).toBe(type);
  });

  it('depends on no more than its first bytes, and on those of its own view of a buffer', () => {
    const whole = bytes(`xx${'a'.repeat(CONTENT_TYPE_BYTES)}\x00\x00`);
    expect(detectContentType(whole.subarray(2))).toBe('text/plain; charset=utf-8');
    expect(detectContentType(whole.subarray(3))).toBe('application/octet-stream');
  });

  it('never throws, whatever the bytes', () => {
    const random = seededRandom(5);
    for (const sample of samples(random, 300)) expect(detectContentType(sample)).toMatch(/^[a-z]+\/./);
  });
});

it('the oracle can be built here, or the run says why not', () => {
  assertOracle();
});

if (oracleAvailable())
  describe("the type of a content is the one that plakar's detector finds", () => {
    let by: Oracle;
    beforeAll(async () => {
      await oracleProgram('1.1');
      by = await oracle('1.1');
    }, 900_000);
    afterAll(() => by.close());

    it('of generated contents of every kind, whole, cut short and altered', async () => {
      const random = seededRandom(Number(process.env['WARDROBE_TEST_SEED'] ?? 1));
      const types = new Set<string>();
      for (const batch of batches(samples(random, IS_LONG ? 200_000 : 12_000), 10_000)) {
        const theirs = await by.mime({ samples: batch });
        const compared = batch.map((sample, index) => ({ sample: sample.toString('latin1'), theirs: theirs[index], ours: detectContentType(sample) }));
        expect(compared.filter((one) => one.theirs !== one.ours).slice(0, 5)).toEqual([]);
        for (const type of theirs) types.add(type);
      }
      expect(types.size).toBeGreaterThan(190);
    }, 900_000);

    if (IS_LONG)
      it('of this machine’s files below /usr, with few exceptions', async () => {
        let [count, equal] = [0, 0];
        const different: string[] = [];
        for (const batch of batches(filesBelow('/usr'), 4000)) {
          const heads = batch.map((path) => readFileSync(path).subarray(0, 4096));
          const theirs = await by.mime({ samples: heads });
          for (const [index, head] of heads.entries()) {
            const ours = detectContentType(head);
            count += 1;
            if (ours === theirs[index]) equal += 1;
            else different.push(`${batch[index]}: ${theirs[index]}, ours ${ours}`);
          }
        }
        process.stderr.write(
          `content types: ${equal} of ${count} files below /usr as plakar's (${((100 * equal) / count).toFixed(3)} %)\n${different.slice(0, 20).join('\n')}\n`,
        );
        expect(equal / count).toBeGreaterThan(0.995);
      }, 900_000);
  });

/** Beginnings of many kinds of text; what follows them is made up. */
const BEGINNINGS: readonly string[] = [
  '<svg xmlns="http://www.w3.org/2000/svg">',
  '<!-- a --><svg a=b xmlns = "http://www.w3.org/2000/svg" >',
  '<?xml version="1.0"?>\n<svg width="1">',
  '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n',
  '\xef\xbb\xbf  <HTML><meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
  '<meta/><p >',
  '<p><meta name=a content="charset=x"><meta charset=KOI8-R>',
  '<!-- comment --> text',
  '<?xml version="1.0" encoding="ISO-8859-1"?>\n',
  '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"><html xmlns="http://www.w3.org/1999/xhtml">',
  '<?xml version="1.0"?><rss version="2.0">',
  '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">',
  '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2">',
  '<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1">',
  '<?xml version="1.0"?><x xmlns:gml="http://www.opengis.net/gml/3.2">',
  '<?xml version="1.0"?><xliff xmlns="urn:oasis:names:tc:xliff:document:1.2">',
  '<?xml version="1.0"?><Ontology xmlns="http://www.w3.org/2002/07/owl#">',
  '<?xml version="1.0"?><amf>',
  '<?php\necho 1;',
  '<?= 1 ?>',
  '<?\n',
  ...['php', 'node', 'nodejs', 'lua', 'perl', 'perl5', 'python', 'python3.11', 'ruby', 'tclsh', 'wish', 'sh', 'bash', 'zsh', 'dash', 'ksh93'].flatMap((name) =>
    [`#!/usr/bin/${name}`, `#!/bin/${name} -x`, `#! /usr/local/bin/${name}`, `#!/usr/bin/env ${name}`, `#!/usr/bin/env\t -S  ${name} -w`].map(
      (line) => `${line}\nrest\n`,
    ),
  ),
  '{"a": [1, 2.5e3, -0.1, true, false, null, {"b": "c\\u00e9\\n"}]}',
  '[1, 2, 3]',
  '[{"a": "',
  '[",",1]',
  '[[,1]',
  '{"type": "FeatureCollection", "features": []}',
  '{"features": [1], "type": "Feature"}',
  '{"log": {"version": "1.2", "creator": {}}}',
  '{"asset": {"version": "2.0"}}',
  '{"a": 1}\n{"b": 2}\n',
  '1\n2\n[3]\n',
  '{\\rtf1',
  '1\n00:00:01,000 --> 00:00:02,000\nhello\n',
  'a,b,c\n1,2,3\n4,5,6\n',
  'a,b\n"x\ny",2\n3,"4""5"\n',
  '# remark\na,b\r\n1,2\r\n',
  'a\tb\n1\t2\n',
  'BEGIN:VCARD\r\nVERSION:4.0\r\n',
  'begin:vcalendar\nVERSION:2.0\n',
  'WARC/1.0\r\n',
  'WEBVTT\n',
  '\xef\xbb\xbfWEBVTT',
  'P1\n# remark\n10 20\n0 1\n',
  'P5\n3 3\n',
  'P6\n  7   8  \n255\n',
  'P7\nWIDTH 1\nHEIGHT 2\nDEPTH 3\nMAXVAL 255\nENDHDR\n',
  'From: a\nTo: b\n',
  'Received: a\n\n\nsubject: b\nDate: c\n',
  'delivered-to: x\nCC: y\n',
  'x \x9c\x00',
  'plain words, nothing else\n',
  '\xe4\xf6\xfc\x80\x85',
  'caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x97\x84',
  '%PDF-1.4\n',
  'junk before %PDF-1.4\n',
];

/** Binary contents that need more than one piece to be told. */
const BINARIES: readonly string[] = [
  ...['word/document.xml', 'ppt/x', 'xl/y', 'visio/z', 'other'].map((name) => zipOf('[Content_Types].xml', name)),
  ...['AndroidManifest.xml', 'classes.dex', 'META-INF/', 'META-INF/MANIFEST.MF', 'doc.kml', 'a', '_rels/.rels', 'docProps/app.xml'].map((name) =>
    zipOf(name, 'word/x', 'doc.kml'),
  ),
  ...['text', 'text-template', 'spreadsheet', 'presentation', 'graphics-template', 'formula', 'chart'].map((kind) =>
    zipOf(`mimetypeapplication/vnd.oasis.opendocument.${kind}`),
  ),
  zipOf('mimetypeapplication/epub+zip'),
  zipOf('mimetypeapplication/vnd.sun.xml.calc'),
  `PK\x03\x04${'\x00'.repeat(22)}\x02\x00\x04\x00ab\xfe\xca\x00\x00`,
  ...['avif', '3gp4', '3g2a', 'M4A ', 'M4V ', 'F4A ', 'heic', 'mif1', 'isom', 'qt  ', 'moov', 'mqt ', 'dvr1', 'mj2s', 'hevc', 'msf1'].map(
    (brand) => `\x00\x00\x00\x18ftyp${brand}\x00\x00\x00\x00`,
  ),
  ...['moov', 'mdat', 'free', 'skip', 'pnot'].map((box) => `\x00\x00\x00\x08${box}\x00\x00\x00\x00\x00`),
  ...['webm', 'matroska'].map((kind) => `\x1aE\xdf\xa3\x93\x42\x82\x84${kind}\x42\x87`),
  ...['WAVE', 'WEBP', 'QLCM', 'AVI LIST'].map((form) => `RIFF\x00\x00\x00\x00${form}fmt     `),
  'FORM\x00\x00\x00\x00AIFF    ',
  ...['jp2 ', 'jpx ', 'jpm '].map((brand) => `\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftyp${brand}`),
  ...[0, 1, 2, 3, 4, 5].map((kind) => `\x7fELF\x02\x01\x01${'\x00'.repeat(9)}${String.fromCharCode(kind)}\x00`),
  ...['\x7fFLAC', '\x01vorbis', 'OpusHead', 'Speex   ', '\x80theora', 'fishead\x00', '\x01video\x00\x00\x00', 'none'].map(
    (codec) => `OggS\x00${'\x00'.repeat(23)}${codec}${'\x00'.repeat(20)}`,
  ),
  `\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1${'\x00'.repeat(1000)}`,
  ...['\x06\x09\x02\x00', '\x0b\x0d\x02\x00', '\x84\x10\x0c\x00', '\x10\x08\x02\x00'].map(oleOf),
  `\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1${'\x00'.repeat(504)}\xfd\xff\xff\xff\x23\x00\x00\x01${'\x00'.repeat(100)}`,
  `\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1${'\x00'.repeat(504)}\xfd\xff\xff\xff\x01\x00\x00\x00${'\x00'.repeat(100)}`,
  `BM${'\x00'.repeat(12)}\x28\x00\x00\x00`,
  `\x00\x00\x02\x00\x06\x04\x06\x00${'\x00'.repeat(20)}`,
  `\x00\x00\x1a\x00${'\x00'.repeat(16)}\x05`,
  '\xca\xfe\xba\xbe\x00\x00\x00\x34',
  '\xca\xfe\xba\xbe\x00\x00\x00\x02',
  '\xcf\xfa\xed\xfe\x07',
  `\x00\x01\x00\x00\x00\x0a\x00\x80\x00\x03\x00\x20cvt `,
  `OTTO\x00\x0a${'\x00'.repeat(6)}CFF ${'\x00'.repeat(50)}`,
  'ttcf\x00\x01\x00\x00',
  `${'\x00'.repeat(8)}\x02\x00\x01${'\x00'.repeat(23)}LP`,
  `\x00\x00\x27\x0a${'\x00'.repeat(24)}\xe8\x03\x00\x00${'\x00'.repeat(76)}\x05\x00\x00\x00`,
  `\x03\x70\x01\x02${'\x00'.repeat(70)}`,
  `${'\x00'.repeat(128)}DICM`,
  `${'\x00'.repeat(60)}BOOKMOBI`,
  `AT&TFORM\x00\x00\x00\x00DJVU`,
  'AC1015',
  `00123${'a'.repeat(15)}4500\x1e`,
  '\x00\x01\x00\x00Standard Jet DB',
  '\x00\x01\x00\x00Standard ACE DB',
  `TZif2${'\x00'.repeat(31)}\x00\x00\x00\x05${'\x00'.repeat(8)}`,
  `${'\x01'.repeat(20)}GPAT`,
  `${'\x01'.repeat(20)}GIMP`,
  'ISc(\x00\x00\x00\x02',
  '\xffWPC\x00\x00\x00\x00\x01\x0a',
  'GRIB\x00\x00\x00\x02',
  'BUFR\x00\x00\x00\x04',
  '<MakerFile 5.0>\x00',
  '<bookfile>\x00',
  `Cr24\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00abPK\x03\x04`,
  '0\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\x00\x00\x00\x00\x00\x00\x00\x00',
  '0\x82\x01\x02\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\x00\x00\x00\x00\x00',
  tarOf('name'),
  tarOf('a/gpkg-1\x00'),
  '\xc7\x71\x00\x00\x00\x00',
  '070701000000',
  '\x28\xb5\x2f\xfd',
  '\x50\x2a\x4d\x18',
  `${'\x89PNG\r\n\x1a\n'.padEnd(37, '\x00')}acTL`,
  '!<arch>\ndebian-binary   ',
];

/** Contents with the signatures of every rule and of every text above: whole, cut, altered, and behind and before other bytes. */
function* samples(random: SeededRandom, count: number): Generator<Buffer> {
  const tails = [
    () => '',
    () => '\x00\x01\x02',
    () => 'word '.repeat(random.below(700)),
    () => 'a,b\n'.repeat(random.below(900)),
    () => Buffer.from(random.bytes(random.below(200))).toString('latin1'),
  ];
  const signatures = [...BEGINNINGS, ...BINARIES, ...TYPE_RULES.flatMap((rule) => rule.signatures ?? [...(rule.first ?? '')])];
  for (let index = 0; index < count; index += 1) {
    const base = index < signatures.length ? (signatures[index] ?? '') : random.pick(random.below(3) === 0 ? BINARIES : signatures);
    const text = index < signatures.length ? base : altered(random, base + random.pick(tails)());
    yield bytes(text);
  }
}

function altered(random: SeededRandom, text: string): string {
  const place = random.below(text.length + 1);
  switch (random.below(7)) {
    case 0:
      return text.slice(0, place);
    case 1:
      return text.slice(0, place) + String.fromCharCode(random.below(256)) + text.slice(place + 1);
    case 2:
      return (
        text.slice(0, place) +
        random.pick([' ', '\n', '\r\n', '\t', '"', ',', '<', '>', '=', '#', '\x00', '\xe9', '\xc3\xa9', ']', '}', '\\', '/', '-', "'"]) +
        text.slice(place)
      );
    case 3:
      return random.pick([' ', '\n', '\xef\xbb\xbf', '\xff\xfe', '<!-- x -->', '\x00', '#!']) + text;
    case 4:
      return text.slice(0, place) + text.slice(place + 1 + random.below(4));
    case 5:
      return text.repeat(1 + random.below(40)).slice(0, 3071 + random.below(3));
    default:
      return text;
  }
}

function zipOf(...names: readonly string[]): string {
  return names
    .map((name) => `PK\x03\x04${'\x14\x00\x00\x00\x00\x00'}${'\x00'.repeat(16)}${String.fromCharCode(name.length & 0xff, name.length >> 8)}\x00\x00${name}data`)
    .join('');
}

function oleOf(id: string): string {
  const head = `\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1${'\x00'.repeat(18)}\x03\x00${'\x00'.repeat(20)}\x01\x00\x00\x00`.padEnd(1024 + 80, '\x00');
  return `${head}${id}\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46`.padEnd(1200, '\x00');
}

function tarOf(name: string): string {
  const record = name.padEnd(100, '\x00').padEnd(148, '0') + ' '.repeat(8) + '0'.padEnd(109, '\x00') + 'ustar\x0000'.padEnd(247, '\x00');
  const sum = [...record].reduce((total, character) => total + character.charCodeAt(0), 0);
  return `${record.slice(0, 148)}${sum.toString(8).padStart(6, '0')}\x00 ${record.slice(156)}`;
}

function* filesBelow(folder: string): Generator<string> {
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, item.name);
    if (item.isDirectory()) yield* filesBelow(path);
    else if (item.isFile()) yield path;
  }
}

function* batches<T>(items: Iterable<T>, size: number): Generator<readonly T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
