// By itself, so that bundles can keep it in a part of its own.
const { XMLParser, XMLValidator } = await import('fast-xml-parser');

/** An element without its attributes; names are those after a prefix. `text` is its own, joined. */
export type XmlElement = { readonly name: string; readonly text: string; readonly children: readonly XmlElement[] };

/** As the parser gives it: text, or a name with what stands in the element. */
type Node = Readonly<Record<string, string | readonly Node[]>>;

/** Answers of S3 have four. */
const MAX_DEPTH = 32;
/** A listing of a thousand keys has up to thirty thousand. */
const MAX_TAGS = 1 << 19;
/** The longest key takes a third of it, with each character as an entity. The parser joins pieces by the character. */
const MAX_PIECE = 64 << 10;
const TEXT = '#text';
const ENTITIES: ReadonlyMap<string, string> = new Map(Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }));
/** What is no element: comments, text as it stands, instructions; the last is none of these. */
const MARKS = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<[!?]/g;

const parser = new XMLParser({
  preserveOrder: true,
  removeNSPrefix: true,
  ignorePiTags: true,
  parseTagValue: false,
  trimValues: false,
  jPath: false,
  maxNestedTags: MAX_DEPTH,
  // The library's own leaves out characters that XML does not allow, and leaves unknown entities as they stand: keys would be other keys.
  entityDecoder: { decode: decoded, reset: () => undefined, setXmlVersion: () => undefined, addInputEntities: refuseTypes, setExternalEntities: refuseTypes },
});

export class XmlError extends Error {
  override readonly name = 'XmlError';
}

/** The one element of a document. Documents with types (`<!DOCTYPE`) are none that S3 servers send. @throws XmlError */
export function parseXml(document: string): XmlElement {
  const text = document.replace(/^\uFEFF/, '');
  if (!(isOfShortPieces(text, '<') && isOfShortPieces(text, '>'))) throw new XmlError('larger than answers of S3 are');
  for (const [mark] of text.matchAll(MARKS)) if (mark.length === 2) refuseTypes();
  const top = elementOf('', parsed(text));
  // The parser is lenient about ends and attributes. It comes first: it is the one that counts how deep elements lie.
  const [root] = top.children;
  // An end of `<a /` is one to both.
  const isWhole = XMLValidator.validate(text) === true && text.trimEnd().endsWith('>');
  if (!isWhole || root === undefined || top.children.length !== 1 || top.text.trim() !== '') {
    throw new XmlError('no whole XML document');
  }
  return root;
}

/** Text of the first child of this name; null when there is none. */
export function childText(element: XmlElement, name: string): string | null {
  return element.children.find((child) => child.name === name)?.text ?? null;
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function isOfShortPieces(text: string, mark: string): boolean {
  let start = 0;
  for (let count = 0; count <= MAX_TAGS; count += 1) {
    const end = text.indexOf(mark, start);
    if ((end === -1 ? text.length : end) - start > MAX_PIECE) return false;
    if (end === -1) return true;
    start = end + 1;
  }
  return false;
}

/** Inside an element, as the parser says nothing of text that stands outside of all. */
function parsed(text: string): readonly Node[] {
  try {
    const [top] = parser.parse(`<top>${text}</top>`) as readonly Node[];
    return (top?.['top'] ?? []) as readonly Node[];
  } catch (error) {
    throw error instanceof XmlError ? error : new XmlError('no XML', { cause: error });
  }
}

function elementOf(name: string, nodes: readonly Node[]): XmlElement {
  let text = '';
  const children: XmlElement[] = [];
  for (const [key, value] of nodes.flatMap((node) => Object.entries(node))) {
    if (typeof value !== 'string') children.push(elementOf(key, value));
    else if (key === TEXT) text += value;
  }
  return { name, text, children };
}

function refuseTypes(): never {
  throw new XmlError('a declaration, or one that is cut off');
}

function decoded(text: string): string {
  return text.replace(/&([^;&\s]*);?/g, (whole, entity: string) => {
    const number = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(entity);
    const point = number === null ? Number.NaN : Number.parseInt(number[1] ?? number[2] ?? '', number[1] === undefined ? 10 : 16);
    const character = point <= 0x10ffff ? String.fromCodePoint(point) : ENTITIES.get(entity);
    if (character === undefined || !whole.endsWith(';')) throw new XmlError('an entity that is not known');
    return character;
  });
}
