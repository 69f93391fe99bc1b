import { nameText, percentEncodeName } from '@wardrobe/kloset-model';
import type { Listed, Node } from './tree.js';

/** Characters that XML 1.0 has no form for. */
const NO_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

function xml(text: string): string {
  return text.replace(NO_XML, '\ufffd').replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Path of raw components as a URL path; folders end with a slash. Bytes that are not UTF-8 stay what they are. */
export function hrefOf(path: readonly Uint8Array[], isFolder: boolean): string {
  const joined = path.map((name) => `/${percentEncodeName(name)}`).join('');
  return joined === '' ? '/' : `${joined}${isFolder ? '/' : ''}`;
}

export const MULTISTATUS_START = '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">\n';
export const MULTISTATUS_END = '</D:multistatus>\n';

/** One thing and its properties, all that are there: a server may answer more than was asked for. @source RFC 4918 9.1, 14.24 */
export function responseOf(path: readonly Uint8Array[], node: Listed): string {
  if ('damaged' in node)
    return `<D:response><D:href>${hrefOf(path, false)}</D:href><D:status>HTTP/1.1 500 Internal Server Error</D:status><D:responsedescription>${xml(node.damaged)}</D:responsedescription></D:response>\n`;
  const isFolder = node.kind === 'directory';
  const properties = [
    `<D:displayname>${xml(nameText(node.name))}</D:displayname>`,
    `<D:resourcetype>${isFolder ? '<D:collection/>' : ''}</D:resourcetype>`,
    `<D:getlastmodified>${httpDate(node)}</D:getlastmodified>`,
    `<D:getetag>&#34;${node.tag}&#34;</D:getetag>`,
    ...(isFolder
      ? []
      : [
          `<D:getcontentlength>${node.sizeBytes}</D:getcontentlength>`,
          `<D:getcontenttype>${xml(node.contentType ?? 'application/octet-stream')}</D:getcontenttype>`,
        ]),
  ];
  return `<D:response><D:href>${hrefOf(path, isFolder)}</D:href><D:propstat><D:prop>${properties.join('')}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n`;
}

/** Dates of HTTP have no fractions, and JavaScript's end in the year 275760. */
export function httpDate(node: Node): string {
  const ms = Number(node.mtimeNs / 1_000_000n);
  return new Date(Math.max(-8.64e15, Math.min(8.64e15, ms))).toUTCString();
}
