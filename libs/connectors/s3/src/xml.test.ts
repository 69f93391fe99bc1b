import { describe, expect, it } from 'vitest';
import { childText, escapeXml, parseXml, XmlError } from './xml.js';

describe('documents of S3 servers', () => {
  it('elements, text, characters by name and number, and what stands between', () => {
    const page = parseXml(
      `\uFEFF<?xml version="1.0"?><!-- a > b -->\n<s3:List xmlns:s3="http://x/?a=1>2" y='"'><Key>a &amp; b&#x2f;&#50;</Key><Key/><ETag><![CDATA["<1>"]]></ETag></s3:List>\n`,
    );
    expect(page.name).toBe('List');
    expect(page.children.map(({ name, text }) => [name, text])).toEqual([
      ['Key', 'a & b/2'],
      ['Key', ''],
      ['ETag', '"<1>"'],
    ]);
    expect(childText(page, 'ETag')).toBe('"<1>"');
    expect(childText(page, 'Size')).toBeNull();
  });

  it('what is escaped is read back', () => {
    const text = `a<b>&"c"'`;
    expect(parseXml(`<a>${escapeXml(text)}</a>`).text).toBe(text);
  });

  it.each([
    '',
    'hello',
    '<a>',
    '<a></b>',
    '</a>',
    '<a/><b/>',
    '<a/>more',
    '<a>&nothing;</a>',
    '<a>&constructor;</a>',
    '<a>&amp</a>',
    '<a>&#x110000;</a>',
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    '<html><br>hello</html>',
    '<a'.repeat(10),
    `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`,
  ])('%j is none', (text) => {
    expect(() => parseXml(text)).toThrow(XmlError);
  });

  it('every document that is cut off is none', () => {
    const whole = '<a b="c"><d>e&lt;</d><!-- f --><![CDATA[g]]></a>';
    for (let length = 0; length < whole.length; length += 1) expect(() => parseXml(whole.slice(0, length)), String(length)).toThrow(XmlError);
  });
});
