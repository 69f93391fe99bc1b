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

  it('text is what was written: blanks, numbers, characters that XML does not have, and nothing decoded twice', () => {
    const page = parseXml(
      '<a><b> c\t</b><b> </b><b>007</b><b>1e5</b><b>true</b><b>&amp;lt;&amp;#65;</b><b>&#x1;&#13;</b><b>c<!-- d -->e<?f g?>h</b><b><![CDATA[&lt; <!i]]></b></a>',
    );
    expect(page.children.map(({ text }) => text)).toEqual([' c\t', ' ', '007', '1e5', 'true', '&lt;&#65;', '\x01\r', 'ceh', '&lt; <!i']);
  });

  it.each([
    ['elements', `<a>${'<b/>'.repeat(600_000)}</a>`],
    ['text', `<a>${'b'.repeat(70_000)}</a>`],
    ['a tag', `<a ${'<b '.repeat(70_000)}></a>`],
  ])('%s beyond what answers have are refused', (_what, text) => {
    expect(() => parseXml(text)).toThrow('larger than answers of S3 are');
  });

  it('a listing of a thousand of the longest keys is read', () => {
    const key = '&#x1F600;'.repeat(1024);
    const page = parseXml(`<a>${`<b><c>${key}</c></b>`.repeat(1000)}</a>`);
    expect(page.children.map((child) => childText(child, 'c'))).toEqual(Array<string>(1000).fill('\u{1F600}'.repeat(1024)));
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
    '<a /',
    '<a/>more<!-- b -->',
    '<a></a>more<!-- b -->',
    '<a><!b></a>',
    '<a><![b]]></a>',
    '<a><?></a>',
    '</top><top>',
    '<a b></a>',
    '<a>&#xZ;</a>',
    '<a>&am<!-- -->p;</a>',
  ])('%j is none', (text) => {
    expect(() => parseXml(text)).toThrow(XmlError);
  });

  it('every document that is cut off is none', () => {
    const whole = '<a b="c"><d>e&lt;</d><!-- f --><![CDATA[g]]></a>';
    for (let length = 0; length < whole.length; length += 1) expect(() => parseXml(whole.slice(0, length)), String(length)).toThrow(XmlError);
  });
});
