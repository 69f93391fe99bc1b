import { at, oneOf, type Head, type TypeRule, u16le, u32le, when, withChildren } from './content-type-head.js';

const OPEN_DOCUMENT = 'mimetypeapplication/vnd.oasis.opendocument.';
/** An archive's own first entry names its type. */
const NAME_PLACE = 30;
const ENTRIES_MOST = 100;
const ENTRY_NAME_LENGTH_PLACE = 26;

const ooxml = (kind: string, folder: string): TypeRule => ({
  type: `application/vnd.${kind}`,
  matches: ({ text }) => isOfficeArchive(text, folder),
});

const openDocument = (kind: string, hasTemplate: boolean): TypeRule => {
  const type = `application/vnd.oasis.opendocument.${kind}`;
  const rule = at(type, NAME_PLACE, OPEN_DOCUMENT + kind);
  return hasTemplate ? withChildren(rule, at(`${type}-template`, NAME_PLACE, `${OPEN_DOCUMENT}${kind}-template`)) : rule;
};

const ANDROID_NAMES = new Set([
  'AndroidManifest.xml',
  'META-INF/com/android/build/gradle/app-metadata.properties',
  'classes.dex',
  'resources.arsc',
  'res/drawable',
]);
/** What an office document may begin with. */
const OFFICE_FIRST = /^(?:\[Content_Types\]\.xml$|_rels\/|docProps\/|customXml\/|\[trash\]\/)/;

const zip: TypeRule = withChildren(
  when('application/zip', 'P', isZip),
  ooxml('openxmlformats-officedocument.wordprocessingml.document', 'word/'),
  ooxml('openxmlformats-officedocument.presentationml.presentation', 'ppt/'),
  ooxml('openxmlformats-officedocument.spreadsheetml.sheet', 'xl/'),
  at('application/epub+zip', NAME_PLACE, 'mimetypeapplication/epub+zip'),
  { type: 'application/vnd.android.package-archive', matches: ({ text }) => hasEntry(text, (name) => ANDROID_NAMES.has(name)) },
  { type: 'application/java-archive', matches: ({ text }) => isJar(text) },
  openDocument('text', true),
  openDocument('spreadsheet', true),
  openDocument('presentation', true),
  openDocument('graphics', true),
  openDocument('formula', false),
  openDocument('chart', false),
  at('application/vnd.sun.xml.calc', NAME_PLACE, 'mimetypeapplication/vnd.sun.xml.calc'),
  { type: 'application/vnd.google-earth.kmz', matches: ({ text }) => hasEntry(text, (name) => name === 'doc.kml') },
  ooxml('ms-visio.drawing.main+xml', 'visio/'),
);

export const ARCHIVE_RULES = {
  zip,
  tar: { type: 'application/x-tar', matches: isTar } satisfies TypeRule,
  cpio: when('application/x-cpio', '0\xc7', (text) => text.length >= 6 && (text.startsWith('\xc7\x71') || /^07070[127]/.test(text))),
  /** A ZIP archive behind a header, a key and a signature. */
  crx: when(
    'application/x-chrome-extension',
    'C',
    (text) => text.length >= 16 && text.startsWith('Cr24') && isZip(text.slice(16 + u32le(text, 8) + u32le(text, 12))),
  ),
  /** Frames of this and older versions, and frames to skip. */
  zstd: when('application/zstd', '\x22\x23\x24\x25\x26\x27\x28\x50\x51\x52\x53\x54\x55\x56\x57\x58\x59\x5a\x5b\x5c\x5d\x5e\x5f', (text) => {
    const magic = u32le(text, 0);
    return (magic >= 0xfd2fb522 && magic <= 0xfd2fb528) || (magic >= 0x184d2a50 && magic <= 0x184d2a5f);
  }),
};

function isZip(text: string): boolean {
  return text.startsWith('PK') && oneOf(text, 2, '\x03\x05\x07') && oneOf(text, 3, '\x04\x06\x08');
}

/** Names of a ZIP archive's entries, found by their signature; an empty one ends it. */
function* entryNames(text: string): Generator<string> {
  let place = 0;
  for (let count = 0; count < ENTRIES_MOST; count += 1) {
    place = text.indexOf('PK\x03\x04', place);
    const nameAt = place + NAME_PLACE;
    if (place < 0 || nameAt > text.length) return;
    const name = text.slice(nameAt, nameAt + u16le(text, place + ENTRY_NAME_LENGTH_PLACE));
    if (name === '' || nameAt + u16le(text, place + ENTRY_NAME_LENGTH_PLACE) > text.length) return;
    yield name;
    place = nameAt;
  }
}

function hasEntry(text: string, isWanted: (name: string) => boolean): boolean {
  for (const name of entryNames(text)) if (isWanted(name)) return true;
  return false;
}

function isOfficeArchive(text: string, folder: string): boolean {
  let isFirst = true;
  for (const name of entryNames(text)) {
    if (name.startsWith(folder)) return true;
    if (isFirst && !OFFICE_FIRST.test(name)) return false;
    isFirst = false;
  }
  return false;
}

/** Its first entry is the manifest or its folder, or bears the mark of an executable archive. */
function isJar(text: string): boolean {
  const extraAt = NAME_PLACE - 2 + u16le(text, ENTRY_NAME_LENGTH_PLACE) + 2;
  if (u16le(text, extraAt <= text.length ? extraAt : NAME_PLACE - 2) === 0xcafe) return true;
  const [first] = entryNames(text);
  return first === 'META-INF/' || first === 'META-INF/MANIFEST.MF';
}

const TAR_RECORD_BYTES = 512;
const [SUM_FROM, SUM_TO] = [148, 156];

/** The record's checksum holds, counted with or without sign. */
function isTar({ text }: Head): boolean {
  if (text.length < TAR_RECORD_BYTES) return false;
  // Digits up to the first zero, without zeros and spaces around.
  const field = withoutPadding(text.slice(SUM_FROM, SUM_TO));
  const digits = field.split('\0', 1)[0] ?? '';
  if (field === '' || !/^[0-7]*$/.test(digits) || text.slice(0, 100).includes('/gpkg-1\0')) return false;
  const expected = Number.parseInt(digits, 8);
  let [unsigned, signed] = [0, 0];
  for (let index = 0; index < TAR_RECORD_BYTES; index += 1) {
    const code = index >= SUM_FROM && index < SUM_TO ? 0x20 : text.charCodeAt(index);
    unsigned += code;
    signed += code < 0x80 ? code : code - 0x100;
  }
  return expected === unsigned || expected === signed;
}

function withoutPadding(field: string): string {
  let [from, to] = [0, field.length];
  while (oneOf(field, from, ' \0')) from += 1;
  while (to > from && oneOf(field, to - 1, ' \0')) to -= 1;
  return field.slice(from, to);
}
