import { ARCHIVE_RULES } from './content-type-archives.js';
import { at, oneOf, starts, type TypeRule, u16be, u16le, u32be, u32le, when, withChildren } from './content-type-head.js';
import { MP4_RULE, QUICKTIME_RULE, matroska } from './content-type-media.js';
import { OLE_RULE } from './content-type-office.js';
import { isBinaryFree, TEXT_RULE } from './content-type-text.js';

const { zip, tar, cpio, crx, zstd } = ARCHIVE_RULES;

const riff = (type: string, form: string): TypeRule => when(type, 'R', (text) => text.length > 12 && text.startsWith('RIFF') && text.startsWith(form, 8));

const jpeg2000 = (type: string, brand: string): TypeRule => ({
  type,
  matches: ({ text }) => (text.startsWith('jP  ', 4) || text.startsWith('jP2 ', 4)) && text.startsWith(brand, 20),
});

/** A number of two bytes at 16, in either order. */
const elf = (type: string, kind: number): TypeRule => ({ type, matches: ({ text }) => u16le(text, 16) === kind || u16be(text, 16) === kind });

const PKCS7_SIGNED = '\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07';
const BITMAP_HEADERS = new Set([12 + 4, 24, 40, 48, 52, 56, 64, 108, 124]);
const DBASE_VERSIONS = '\x02\x03\x04\x05\x30\x31\x32\x42\x62\x7b\x82\x83\x87\x8a\x8b\x8e\xb3\xcb\xe5\xf5\xf4\xfb';
const SHAPES = new Set([0, 1, 3, 5, 8, 11, 13, 15, 18, 21, 23, 25, 28, 31]);
const DRAWING_VERSIONS = /^AC(?:1\.40|1\.50|2\.10|1002|1003|1004|1006|1009|1012|1014|1015|1018|1021|1024|1032)/;
/** `_` stands for a space. */
const FONT_TABLES = new Set(
  (
    'acnt ankr avar bdat bhed bloc bsln cmap cvar cvt_ EBSC fdsc feat fmtx fond fpgm fvar gasp gcid glyf gvar hdmx head hhea hmtx hvgl hvpm just kern kerx ' +
    'lcar loca ltag maxp meta mort morx name opbd OS/2'
  )
    .split(' ')
    .map((name) => name.replace('_', ' ')),
);
const FONT_TABLES_MOST = 49;

/** All types of which plakar's detector knows, in its order: the first match counts. Text comes last. */
export const TYPE_RULES: readonly TypeRule[] = [
  starts('image/x-xpixmap', '/* XPM */'),
  starts('application/x-7z-compressed', "7z\xbc\xaf'\x1c"),
  zip,
  { type: 'application/pdf', matches: ({ text }) => text.slice(0, 1024).includes('%PDF-') },
  starts('application/vnd.fdf', '%FDF'),
  OLE_RULE,
  starts('application/postscript', '%!PS-Adobe-'),
  starts('image/vnd.adobe.photoshop', '8BPS'),
  when('application/pkcs7-signature', '-0', isPkcs7),
  withChildren(
    starts('application/ogg', 'OggS\x00'),
    { type: 'audio/ogg', matches: ({ text }) => isOgg(text, '\x7fFLAC', '\x01vorbis', 'OpusHead', 'Speex   ') },
    { type: 'video/ogg', matches: ({ text }) => isOgg(text, '\x80theora', 'fishead\x00', '\x01video\x00\x00\x00') },
  ),
  withChildren(starts('image/png', '\x89PNG\r\n\x1a\n'), at('image/vnd.mozilla.apng', 37, 'acTL')),
  starts('image/jpeg', '\xff\xd8\xff'),
  starts('image/jxl', '\xff\x0a', '\x00\x00\x00\x0cJXL \r\n\x87\n'),
  jpeg2000('image/jp2', 'jp2 '),
  jpeg2000('image/jpx', 'jpx '),
  jpeg2000('image/jpm', 'jpm '),
  starts('image/jxs', '\x00\x00\x00\x0cJXS \r\n\x87\n'),
  starts('image/gif', 'GIF87a', 'GIF89a'),
  riff('image/webp', 'WEBP'),
  starts('application/vnd.microsoft.portable-executable', 'MZ'),
  withChildren(
    starts('application/x-elf', '\x7fELF'),
    elf('application/x-object', 1),
    elf('application/x-executable', 2),
    elf('application/x-sharedlib', 3),
    elf('application/x-coredump', 4),
  ),
  withChildren(starts('application/x-archive', '!<arch>'), at('application/vnd.debian.binary-package', 8, 'debian-binary')),
  tar,
  starts('application/x-xar', 'xar!'),
  starts('application/x-bzip2', 'BZh'),
  starts('application/fits', 'SIMPLE  =                    T'),
  starts('image/tiff', 'II*\x00', 'MM\x00*'),
  when('image/bmp', 'B', (text) => text.startsWith('BM') && BITMAP_HEADERS.has(u32le(text, 14))),
  when('application/vnd.lotus-1-2-3', '\x00', isLotus),
  starts('image/x-icon', '\x00\x00\x01\x00', '\x00\x00\x02\x00'),
  when('audio/mpeg', 'I\xff', isMp3),
  starts('audio/flac', 'fLaC\x00\x00\x00"'),
  starts('audio/midi', 'MThd'),
  starts('audio/ape', 'MAC \x96\x0f\x00\x004\x00\x00\x00\x18\x00\x00\x00\x90\xe3'),
  starts('audio/musepack', 'MPCK'),
  starts('audio/amr', '#!AMR'),
  riff('audio/wav', 'WAVE'),
  when('audio/aiff', 'F', (text) => text.length > 12 && text.startsWith('FORM') && text.startsWith('AIFF', 8)),
  starts('audio/basic', '.snd'),
  when('video/mpeg', '\x00', (text) => text.startsWith('\x00\x00\x01') && text.charCodeAt(3) >= 0xb0 && text.charCodeAt(3) <= 0xbf),
  QUICKTIME_RULE,
  MP4_RULE,
  matroska('video/webm', 'webm'),
  when('video/x-msvideo', 'R', (text) => text.length > 16 && text.startsWith('RIFF') && text.startsWith('AVI LIST', 8)),
  starts('video/x-flv', 'FLV\x01'),
  matroska('video/x-matroska', 'matroska'),
  starts('video/x-ms-asf', '0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel'),
  starts('audio/aac', '\xff\xf1', '\xff\xf9'),
  starts('audio/x-unknown', 'Creative Voice File'),
  starts('application/vnd.apple.mpegurl', '#EXTM3U\n', '#EXTM3U\r\n'),
  starts('application/vnd.rn-realmedia-vbr', '.RMF'),
  starts('application/gzip', '\x1f\x8b'),
  when('application/x-java-applet', '\xca', (text) => u32be(text, 0) === 0xcafebabe && text.charCodeAt(7) > 30),
  starts('application/x-shockwave-flash', 'CWS', 'FWS', 'ZWS'),
  crx,
  when('font/ttf', '\x00', (text) => text.startsWith('\x00\x01\x00\x00') && u16be(text, 4) < FONT_TABLES_MOST && FONT_TABLES.has(text.slice(12, 16))),
  starts('font/woff', 'wOFF'),
  starts('font/woff2', 'wOF2'),
  when('font/otf', 'O', (text) => text.length > 48 && text.startsWith('OTTO\x00') && text.slice(12, 48).includes('CFF ')),
  starts('font/collection', 'ttcf\x00\x01\x00\x00', 'ttcf\x00\x02\x00\x00'),
  {
    type: 'application/vnd.ms-fontobject',
    matches: ({ text }) => text.startsWith('LP', 34) && ['\x02\x00\x01', '\x01\x00\x00', '\x02\x00\x02'].some((version) => text.startsWith(version, 8)),
  },
  starts('application/wasm', '\x00asm'),
  withChildren(starts('application/vnd.shx', "\x00\x00'\n"), { type: 'application/vnd.shp', matches: ({ text }) => isShapes(text) }),
  when('application/x-dbf', DBASE_VERSIONS, isDbase),
  at('application/dicom', 128, 'DICM'),
  starts('application/x-rar-compressed', 'Rar!\x1a\x07\x00', 'Rar!\x1a\x07\x01\x00'),
  when('image/vnd.djvu', 'A', (text) => text.startsWith('AT&TFORM') && ['DJVM', 'DJVU', 'DJVI', 'THUM'].includes(text.slice(12, 16))),
  at('application/x-mobipocket-ebook', 60, 'BOOKMOBI'),
  starts('application/x-ms-reader', 'ITOLITLS'),
  starts('image/bpg', 'BPG\xfb'),
  starts('application/cbor', '\xd9\xd9\xf7'),
  starts('application/vnd.sqlite3', 'SQLite format 3\x00'),
  when('image/vnd.dwg', 'A', (text) => DRAWING_VERSIONS.test(text)),
  starts('application/vnd.nintendo.snes.rom', 'NES\x1a'),
  starts('application/x-ms-shortcut', 'L\x00\x00\x00\x01\x14\x02\x00'),
  when('application/x-mach-binary', '\xca\xfe\xce\xcf', isMachO),
  riff('audio/qcelp', 'QLCM'),
  starts('image/x-icns', 'icns'),
  starts('image/vnd.radiance', '#?RADIANCE\n'),
  when('application/marc', '0123456789', (text) => /^\d{5}/.test(text) && text.startsWith('4500', 20) && text.slice(0, 2048).includes('\x1e')),
  at('application/x-msaccess', 4, 'Standard Jet DB'),
  at('application/x-msaccess', 4, 'Standard ACE DB'),
  zstd,
  starts('application/vnd.ms-cab-compressed', 'MSCF\x00\x00\x00\x00'),
  starts('application/x-rpm', '\xed\xab\xee\xdb', 'drpm'),
  starts('application/x-xz', '\xfd7zXZ\x00'),
  starts('application/lzip', 'LZIP'),
  starts('application/x-bittorrent', 'd8:announce'),
  cpio,
  when('application/tzif', 'T', (text) => text.length >= 44 && text.startsWith('TZif') && u32be(text, 36) !== 0 && oneOf(text, 4, '\x0023')),
  starts('image/x-xcf', 'gimp xcf'),
  at('image/x-gimp-pat', 20, 'GPAT'),
  at('image/x-gimp-gbr', 20, 'GIMP'),
  starts('model/gltf-binary', 'glTF\x02\x00\x00\x00', 'glTF\x01\x00\x00\x00'),
  when('application/x-installshield', 'I', (text) => text.startsWith('ISc(') && oneOf(text, 6, '\x00') && oneOf(text, 7, '\x01\x02\x04')),
  starts('image/jxr', 'II\xbc\x01'),
  starts('application/vnd.apache.parquet', 'PAR1'),
  starts('application/onenote', '\xe4R\\{\x8c\xd8\xa7M\xae\xb1Sx\xd0)\x96\xd3'),
  starts('application/vnd.ms-htmlhelp', 'ITSF\x03\x00\x00\x00\x60\x00\x00\x00'),
  when('application/vnd.wordperfect', '\xff', (text) => text.startsWith('\xffWPC') && text.startsWith('\x01\n', 8)),
  starts('image/vnd.dxf', '  0\nSECTION\n', '  0\r\nSECTION\r\n', '0\nSECTION\n', '0\r\nSECTION\r\n'),
  when('application/grib', 'G', (text) => text.startsWith('GRIB') && oneOf(text, 7, '\x01\x02')),
  when('application/zlib', 'x', (text) => u16be(text, 0) % 31 === 0 && !isBinaryFree(text)),
  starts('application/x-os2-inf', 'HSP\x01\x9b\x00'),
  starts('application/x-os2-hlp', 'HSP\x10\x9b\x00'),
  when(
    'application/vnd.framemaker',
    '<',
    (text) => /^<(?:MakerFile|MakerDictionary|[Bb][Oo][Oo][Kk][Ff][Ii][Ll][Ee])/.test(text) && text.slice(0, 512).includes('\x00'),
  ),
  when('application/bufr', 'B', (text) => text.startsWith('BUFR') && oneOf(text, 7, '\x03\x04')),
  TEXT_RULE,
];

/** The object's type stands behind a header of one to five bytes of length. */
function isPkcs7(text: string): boolean {
  if (text.startsWith('-----BEGIN PKCS7')) return true;
  const lengthBytes = text.charCodeAt(1) - 0x80;
  return text.length >= 20 && text.startsWith('0') && lengthBytes >= 0 && lengthBytes <= 4 && text.startsWith(PKCS7_SIGNED, 2 + lengthBytes);
}

function isOgg(text: string, ...codecs: readonly string[]): boolean {
  return text.length >= 37 && codecs.some((codec) => text.startsWith(codec, 28));
}

/** A tag of ID3, or a frame of layer III of MPEG 1, 2 or 2.5. */
function isMp3(text: string): boolean {
  const sync = u16be(text, 0) & 0xfffe;
  return text.length >= 3 && (text.startsWith('ID3') || sync === 0xfffa || sync === 0xfff2 || sync === 0xffe2);
}

function isLotus(text: string): boolean {
  if (text.length <= 20) return false;
  if (text.startsWith('\x00\x00\x02\x00')) return text.charCodeAt(6) !== 0 && text.charCodeAt(7) === 0;
  return text.startsWith('\x00\x00\x1a\x00') && text.charCodeAt(20) > 0 && text.charCodeAt(20) < 32;
}

function isShapes(text: string): boolean {
  return (
    text.length >= 112 &&
    text.startsWith('\x00'.repeat(16), 4) &&
    text.startsWith('\x00'.repeat(4), 20) &&
    u32le(text, 28) === 1000 &&
    SHAPES.has(u32le(text, 108))
  );
}

/** The date of its last change is possible, and what is reserved is zero. */
function isDbase(text: string): boolean {
  const [month, day] = [text.charCodeAt(2), text.charCodeAt(3)];
  const isDated = month >= 1 && month <= 12 && day >= 1 && day <= 31;
  return text.length >= 68 && isDated && text.startsWith('\x00\x00', 12) && text.startsWith('\x00\x00', 30) && text.charCodeAt(28) <= 1;
}

/** A binary for one processor, or for several; the latter shares its first bytes with Java's classes. */
function isMachO(text: string): boolean {
  if (u32be(text, 0) === 0xcafebabe) return text.charCodeAt(7) < 0x14;
  return [u32be(text, 0), u32le(text, 0)].some((magic) => magic === 0xfeedface || magic === 0xfeedfacf);
}
