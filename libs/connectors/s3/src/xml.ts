/** An element without its attributes; names are those after a prefix. `text` is its own, joined. */
export type XmlElement = { readonly name: string; readonly text: string; readonly children: readonly XmlElement[] };

type Open = { readonly name: string; text: string; readonly children: XmlElement[] };

/** Answers of S3 have four. */
const MAX_DEPTH = 32;
const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[(?<data>[\s\S]*?)\]\]>|<\/(?<end>[\w.:-]+)\s*>|<(?<start>[\w.:-]+)(?:\s+[\w.:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*(?<empty>\/?)>|(?<text>[^<]+)/y;
const ENTITIES: ReadonlyMap<string, string> = new Map(Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }));

export class XmlError extends Error {
  override readonly name = 'XmlError';
}

/** The one element of a document. Documents with types (`<!DOCTYPE`) are none that S3 servers send. @throws XmlError */
export function parseXml(document: string): XmlElement {
  const top: Open = { name: '', text: '', children: [] };
  const open: Open[] = [top];
  const text = document.replace(/^\uFEFF/, '');
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.groups;
    if (token === undefined) throw new XmlError(`no XML at character ${at}`);
    take(token, open);
  }
  const [root] = top.children;
  if (open.length !== 1 || root === undefined || top.children.length !== 1 || top.text.trim() !== '') throw new XmlError('no whole XML document');
  return root;
}

/** Text of the first child of this name; null when there is none. */
export function childText(element: XmlElement, name: string): string | null {
  return element.children.find((child) => child.name === name)?.text ?? null;
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function take({ start, end, empty, text, data }: Readonly<Record<string, string | undefined>>, open: Open[]): void {
  const inner = open.at(-1) as Open;
  if (start !== undefined) {
    const element: Open = { name: localName(start), text: '', children: [] };
    inner.children.push(element);
    if (empty === '/') return;
    if (open.push(element) > MAX_DEPTH) throw new XmlError(`elements more than ${MAX_DEPTH} deep`);
  } else if (end !== undefined) {
    if (open.length === 1 || inner.name !== localName(end)) throw new XmlError(`an end of ${localName(end).slice(0, 40)} that was not begun`);
    open.pop();
  } else if (text !== undefined) inner.text += decoded(text);
  else if (data !== undefined) inner.text += data;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
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
