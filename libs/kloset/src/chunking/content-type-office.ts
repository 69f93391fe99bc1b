import { oneOf, starts, type TypeRule, u16le, u32le, withChildren } from './content-type-head.js';

/** Where the first sector of content begins, and how far a name is looked for. */
const [FIRST_SECTOR, SEARCH_FROM, SEARCH_TO] = [512, 1152, 4096];
const MICROSOFT = '\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46';
const POWERPOINT = 'P\0o\0w\0e\0r\0P\0o\0i\0n\0t\0 D\0o\0c\0u\0m\0e\0n\0t';
const DIFAT_END = '\xfd\xff\xff\xff';
const SLIDE_SECTORS = ['\xa0\x46\x1d\xf0', '\x00\x6e\x1e\xf0', '\x0f\x00\xe8\x03'];
const EXCEL = 'W\0k\0s\0S\0S\0W\0o\0r\0k\0B\0o\0o\0k';

const rule = (type: string, matches: (text: string) => boolean): TypeRule => ({ type, matches: ({ text }) => matches(text) });

/** Microsoft's compound files, told apart by the class of their root and by what their first sector begins with. */
export const OLE_RULE: TypeRule = withChildren(
  starts('application/x-ole-storage', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'),
  rule('application/x-ms-installer', (text) => isOfClass(text, `\x84\x10\x0c\x00${MICROSOFT}`)),
  rule('application/vnd.ms-outlook', (text) => isOfClass(text, `\x0b\x0d\x02\x00${MICROSOFT}`)),
  rule('application/vnd.ms-excel', isExcel),
  rule('application/vnd.ms-publisher', (text) => isOfClass(text, '\x01\x12\x02\x00\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x46')),
  rule('application/vnd.ms-powerpoint', isPowerPoint),
  rule('application/msword', (text) => ['\x06', '\x00', '\x07'].some((kind) => isOfClass(text, `${kind}\x09\x02\x00${MICROSOFT}`))),
);

function isExcel(text: string): boolean {
  if (isOfClass(text, '\x10\x08\x02\x00\x00\x00\x00\x00') || isOfClass(text, '\x20\x08\x02\x00\x00\x00\x00\x00')) return true;
  if (text.length < FIRST_SECTOR + 8) return false;
  const sector = text.slice(FIRST_SECTOR, FIRST_SECTOR + 8);
  return (
    sector === '\x09\x08\x10\x00\x00\x06\x05\x00' || (sector.startsWith(DIFAT_END) && oneOf(sector, 4, '\x10\x1f\x22\x23\x28\x29')) || isNamed(text, EXCEL)
  );
}

function isPowerPoint(text: string): boolean {
  const isKnown =
    isOfClass(text, '\x10\x8d\x81\x64\x9b\x4f\xcf\x11\x86\xea\x00\xaa\x00\xb9\x29\xe8') ||
    isOfClass(text, '\x70\xae\x7b\xea\x3b\xfb\xcd\x11\xa9\x03\x00\xaa\x00\x51\x0e\xa3');
  if (isKnown) return true;
  if (text.length < FIRST_SECTOR + 8) return false;
  const sector = text.slice(FIRST_SECTOR, FIRST_SECTOR + 8);
  const isKnownSector = SLIDE_SECTORS.some((start) => sector.startsWith(start)) || (sector.startsWith(DIFAT_END) && sector.endsWith('\x00\x00'));
  return isKnownSector || isNamed(text, POWERPOINT);
}

function isNamed(text: string, name: string): boolean {
  return text.slice(SEARCH_FROM, SEARCH_TO).includes(name);
}

/** The class stands in the root's record, at the start of the folder's first sector; sectors of version 4 are larger. */
function isOfClass(text: string, id: string): boolean {
  if (text.length < FIRST_SECTOR) return false;
  const sectorBytes = u16le(text, 26) === 4 ? 4096 : 512;
  const place = sectorBytes * (1 + u32le(text, 48)) + 80;
  return text.length > place + 16 && text.startsWith(id, place);
}
