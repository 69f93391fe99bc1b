import { type CodecDoc, FORMAT_CHAPTERS, type FormatChapter, type MemberDoc } from '@wardrobe/kloset';

/** The pages of `docs/format/`, file name to Markdown, made from the codec tables. */
export function renderPages(): ReadonlyMap<string, string> {
  const pages = new Map(FORMAT_CHAPTERS.map((chapter) => [`${chapter.file}.md`, renderChapter(chapter)]));
  pages.set('README.md', renderIndex());
  return pages;
}

const GENERATED = '<!-- Generated from libs/kloset/src/format by `npm run docs --workspace @wardrobe/format-docs`. -->';

function renderIndex(): string {
  const links = FORMAT_CHAPTERS.map((chapter) => `- [${chapter.title}](${chapter.file}.md): ${chapter.tables.map((table) => table.name).join(', ')}`);
  return `${GENERATED}\n\n# Stored records\n\nEach table below is the one that reads and writes the record. Integers of binary records are little-endian; of msgpack maps, big-endian.\n\n${links.join('\n')}\n`;
}

function renderChapter(chapter: FormatChapter): string {
  return `${GENERATED}\n\n# ${chapter.title}\n\nSource: ${chapter.source}.\n\n${chapter.tables.map((table) => renderTable(table.name, table.doc, table.sizeBytes)).join('\n')}`;
}

function renderTable(name: string, doc: CodecDoc, sizeBytes: number | null): string {
  const size = sizeBytes === null ? '' : `, ${sizeBytes} bytes`;
  const head = `## ${name}\n\n${doc.wire}${size}.${doc.about ? ` ${doc.about}` : ''}\n`;
  const members = doc.members ?? [];
  if (members.length === 0) return head;
  const binary = members.some((member) => member.offset !== null);
  const rows = members.map((member) => renderMember(member, binary));
  const columns = binary ? ['| offset | member | type | |', '| ---: | --- | --- | --- |'] : ['| member | type | |', '| --- | --- | --- |'];
  const nested = members.flatMap((member) => nestedRecord(member.doc)).map((inner) => renderTable(inner.type, inner, null));
  return [head, ...columns, ...rows, '', ...nested].join('\n');
}

function renderMember(member: MemberDoc, binary: boolean): string {
  const cells = [`\`${member.name}\``, typeText(member.doc), escapeCell(member.doc.about ?? '')];
  return `| ${binary ? `${member.offset ?? ''} | ` : ''}${cells.join(' | ')} |`;
}

function typeText(doc: CodecDoc): string {
  return escapeCell(nestedRecord(doc).length > 0 && doc.members?.[0]?.name !== '*' ? `${doc.type} (${doc.wire})` : doc.type);
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** The record inside a member: a list gives the record of its elements, a scalar nothing. */
function nestedRecord(doc: CodecDoc): CodecDoc[] {
  const [first] = doc.members ?? [];
  if (first === undefined) return [];
  return first.name === '*' ? nestedRecord(first.doc) : [doc];
}
