import { charsetOfMark } from './content-type-charset.js';
import { isTable } from './content-type-csv.js';
import { byteSet, hasAny, starts, type TypeRule, withChildren } from './content-type-head.js';
import { isJson, isJsonLines, type JsonMark, linesOf } from './content-type-json.js';
import { isSvg, trimStart } from './content-type-markup.js';

/** Bytes that no text has. */
const BINARY = byteSet([0x00, 0x08], [0x0b, 0x0b], [0x0e, 0x1a], [0x1c, 0x1f]);

/** True for a text: it bears a mark of Unicode, or has no byte that only binary contents have. */
export function isBinaryFree(text: string): boolean {
  return charsetOfMark(text) !== '' || !hasAny(text, BINARY);
}

const pattern = (type: string, expression: RegExp): TypeRule => ({ type, matches: ({ text }) => expression.test(text) });

/** The first line is `#!` and an interpreter, alone or called by `env`; `isWord` when nothing may follow its name. */
function script(
  type: string,
  { paths, env, isWord = false }: { readonly paths: readonly string[]; readonly env: readonly string[]; readonly isWord?: boolean },
): TypeRule {
  // Where a whole word is asked for, the space in it is exactly one.
  const space = isWord ? ' ' : '[\\t\\f\\r ]+';
  const calls = [...paths, ...env.flatMap((name) => [`/usr/bin/env${space}${name}`, `/usr/bin/env${space}-S${space}${name}`])];
  return pattern(type, new RegExp(`^#![\\t\\f\\r ]*(?:${calls.join('|')})${isWord ? '(?=[\\t\\n\\f\\r ]|$)' : ''}`));
}

const SHELLS = ['bash', 'csh', 'dash', 'ksh', 'tcsh', 'zsh'];
const HTML_WORDS = '!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|BODY|BR|B|P|!--';

/** A file of XML by the words of its first element, within its first 512 bytes. */
function xml(type: string, element: string, ...namespaces: readonly string[]): TypeRule {
  return {
    type,
    matches({ text }) {
      const body = trimStart(text).slice(0, 512);
      const place = element === '' ? 0 : body.indexOf(element);
      if (namespaces.length === 0) return place > 0;
      return place >= 0 && namespaces.some((namespace) => place < body.indexOf(namespace));
    },
  };
}

const namespace = (url: string) => `xmlns="${url}"`;
const GML = 'xmlns:gml="http://www.opengis.net/gml';
const KML = ['http://www.opengis.net/kml/2.2', 'http://earth.google.com/kml/2.0', 'http://earth.google.com/kml/2.1', 'http://earth.google.com/kml/2.2'];

const XML_RULE: TypeRule = withChildren(
  pattern('text/xml', /^(?:\xef\xbb\xbf)?[\t\n\f\r ]*<\?XML[\t\n\f\r >]/i),
  xml('application/rss+xml', '<rss'),
  xml('application/atom+xml', '<feed', namespace('http://www.w3.org/2005/Atom')),
  xml('model/x3d+xml', '<X3D', 'xmlns:xsd="http://www.w3.org/2001/XMLSchema-instance"'),
  xml('application/vnd.google-earth.kml+xml', '<kml', ...KML.map(namespace)),
  xml('application/x-xliff+xml', '<xliff', namespace('urn:oasis:names:tc:xliff:document:1.2')),
  xml('model/vnd.collada+xml', '<COLLADA', namespace('http://www.collada.org/2005/11/COLLADASchema')),
  xml('application/gml+xml', '', `${GML}"`, `${GML}/3.2"`, `${GML}/3.3/exr"`),
  xml('application/gpx+xml', '<gpx', namespace('http://www.topografix.com/GPX/1/1')),
  xml('application/vnd.garmin.tcx+xml', '<TrainingCenterDatabase', namespace('http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2')),
  xml('application/x-amf', '<amf'),
  xml('application/vnd.ms-package.3dmanufacturing-3dmodel+xml', '<model', namespace('http://schemas.microsoft.com/3dmanufacturing/core/2015/02')),
  xml('application/vnd.adobe.xfdf', '<xfdf', namespace('http://ns.adobe.com/xfdf/')),
  xml('application/owl+xml', '<Ontology', namespace('http://www.w3.org/2002/07/owl#')),
  { type: 'application/xhtml+xml', matches: ({ text }) => /<!DOCTYPE[\t\n\f\r ]+HTML|<HTML[\t\n\f\r ]+XMLNS=/i.test(text.slice(0, 1024)) },
);

const json = (type: string, ...marks: readonly JsonMark[]): TypeRule => ({ type, matches: ({ text, whole }) => isJson(text, whole, marks) });
const GEOMETRIES = ['Feature', 'FeatureCollection', 'Point', 'LineString', 'Polygon', 'MultiPoint', 'MultiLineString', 'MultiPolygon', 'GeometryCollection'];

const JSON_RULE: TypeRule = withChildren(
  json('application/json'),
  json('application/geo+json', { path: ['type'], values: GEOMETRIES.map((name) => `"${name}"`) }),
  // Archives of web traffic are JSON, and called so.
  json('model/gltf+json', { path: ['asset', 'version'], values: ['"1.0"', '"2.0"'] }),
);

const portableMap = (type: string, plain: string, raw: string): TypeRule => ({
  type,
  matches: ({ text }) => (text.startsWith(plain) || text.startsWith(raw)) && hasMapSize(text),
});

/** Everything without a binary byte; what it is more precisely, in the order of plakar's detector. */
export const TEXT_RULE: TypeRule = withChildren(
  { type: 'text/plain', matches: ({ text }) => isBinaryFree(text) },
  { type: 'image/svg+xml', matches: ({ text }) => isSvg(text) },
  pattern('text/html', new RegExp(`^(?:\\xef\\xbb\\xbf)?[\\t\\n\\f\\r ]*<(?:${HTML_WORDS})[\\t\\n\\f\\r >]`, 'i')),
  XML_RULE,
  { type: 'text/x-php', matches: (head) => /^<\?(?:PHP|\n|\r| )./is.test(head.text) || PHP_SCRIPT.matches(head) },
  script('text/javascript', { paths: ['/bin/node', '/usr/bin/node'], env: ['node'] }),
  script('text/x-lua', { paths: ['/usr/bin/lua', '/usr/local/bin/lua'], env: ['lua'], isWord: true }),
  script('text/x-perl', { paths: ['/usr/bin/perl'], env: ['perl'], isWord: true }),
  script('text/x-python', { paths: ['/usr/bin/python', '/usr/local/bin/python'], env: ['python'] }),
  script('text/x-ruby', { paths: ['/usr/bin/ruby', '/usr/local/bin/ruby'], env: ['ruby'] }),
  JSON_RULE,
  { type: 'application/x-ndjson', matches: ({ text }) => isJsonLines(text) },
  starts('text/rtf', '{\\rtf'),
  { type: 'application/x-subrip', matches: ({ text }) => isSubtitles(text) },
  script('text/x-tcl', { paths: ['/usr/bin/tcl', '/usr/local/bin/tcl', '/usr/bin/wish', '/usr/local/bin/wish'], env: ['tcl', 'wish'] }),
  { type: 'text/csv', matches: ({ text, whole }) => isTable(text, whole, ',') },
  { type: 'text/tab-separated-values', matches: ({ text, whole }) => isTable(text, whole, '\t') },
  pattern('text/vcard', /^BEGIN:VCARD\r?\n./is),
  pattern('text/calendar', /^BEGIN:VCALENDAR\r?\n./is),
  starts('application/warc', 'WARC/1.0', 'WARC/1.1'),
  pattern('text/vtt', /^(?:\xef\xbb\xbf)?WEBVTT(?:[\n\r \t]|$)/),
  script('text/x-shellscript', { paths: ['/bin/sh', ...SHELLS.flatMap((name) => [`/bin/${name}`, `/usr/local/bin/${name}`])], env: SHELLS, isWord: true }),
  portableMap('image/x-portable-bitmap', 'P1\n', 'P4\n'),
  portableMap('image/x-portable-graymap', 'P2\n', 'P5\n'),
  portableMap('image/x-portable-pixmap', 'P3\n', 'P6\n'),
  { type: 'image/x-portable-arbitrarymap', matches: ({ text }) => isArbitraryMap(text) },
  { type: 'message/rfc822', matches: ({ text }) => isMail(text) },
);

const PHP_SCRIPT = script('text/x-php', { paths: ['/usr/local/bin/php', '/usr/bin/php'], env: ['php'] });

const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d,\\d{3}';
const SUBTITLE = new RegExp(`^1\\r?\\n(${TIME}) --> (${TIME})\\r?\\n(?!\\r?(?:\\n|$))`);

/** The first subtitle has number 1, two times in order, and a text. */
function isSubtitles(text: string): boolean {
  const found = SUBTITLE.exec(text);
  return found !== null && (found[1] ?? '') <= (found[2] ?? '') && text.length > found[0].length;
}

const MAP_LINES_MOST = 128;
const INT64_MOST = 2n ** 63n - 1n;

/** Behind the kind and remarks: two positive numbers on one line. */
function hasMapSize(text: string): boolean {
  let size = '';
  const rest = text.slice(3);
  let place = 0;
  for (let count = 0; count < MAP_LINES_MOST; count += 1) {
    const found = rest.indexOf('\n', place);
    size = rest.slice(place, found < 0 ? undefined : found);
    place = found < 0 ? rest.length : found + 1;
    if (size.startsWith('#')) {
      if (place >= rest.length) return false;
      continue;
    }
    size = trimStart(size);
    if (place >= rest.length || size !== '') break;
  }
  const [width = '', height = ''] = size.split(/[\t\n\f\r ]+/);
  return [width, height].every((number) => /^\+?\d+$/.test(number) && BigInt(number.replace('+', '')) > 0n && BigInt(number.replace('+', '')) <= INT64_MOST);
}

function isArbitraryMap(text: string): boolean {
  if (!text.startsWith('P7\n')) return false;
  const seen = new Set<string>();
  let count = 0;
  for (const line of linesOf(text)) {
    count += 1;
    if (count > MAP_LINES_MOST) return false;
    if (line.startsWith('ENDHDR')) return seen.size === 4;
    const word = /^(?:WIDTH|HEIGHT|DEPTH|MAXVAL)(?= )/.exec(line)?.[0];
    if (word !== undefined) seen.add(word);
  }
  return false;
}

const MAIL_LINE =
  /^(?:From: |To: |[Cc][Cc]: |Date: |Subject: |Received: |Relay-Version: |N?#! rnews|Forward to|Pipe to|[Dd][Ee][Ll][Ii][Vv][Ee][Rr][Ee][Dd]-[Tt][Oo]: |[Rr][Ee][Tt][Uu][Rr][Nn]-[Pp][Aa][Tt][Hh]: |Content-Type: |Content-Transfer-Encoding: )/;
const MAIL_LINES = 20;

/** The first line is a mail's, and one of the next twenty. */
function isMail(text: string): boolean {
  if (!MAIL_LINE.test(text)) return false;
  let count = 0;
  for (const line of linesOf(text)) {
    if (count > 0 && MAIL_LINE.test(line)) return true;
    if (count >= MAIL_LINES) return false;
    count += 1;
  }
  return false;
}
