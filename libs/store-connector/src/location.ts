import { InvalidInputError } from './errors.js';

/** A store's place as users of plakar write it: `scheme` in lower case letters as written, `rest` without a leading `//`. */
export type StoreLocation = { readonly scheme: string; readonly rest: string };

const SCHEME = /^([A-Za-z0-9+.-]{2,}):(?:\/\/)?/;

/**
 * Takes scheme and rest apart; a text without a scheme is a path (`fs`), and so is one whose scheme would be one character long (`C:\x`). A path that
 * ends in `.ptar` is a `ptar`.
 * @source 04-remote-stores 2.1
 */
export function parseStoreLocation(text: string): StoreLocation {
  if (text === '' || text.includes('\0')) throw new InvalidInputError('the location of a store is empty or holds a NUL character');
  const found = SCHEME.exec(text);
  const scheme = found?.[1] ?? 'fs';
  const rest = found === null ? text : text.slice(found[0].length);
  if (rest === '') throw new InvalidInputError(`'${text}' names no place: something has to follow '${scheme}:'`);
  return { scheme: scheme === 'fs' && rest.endsWith('.ptar') ? 'ptar' : scheme, rest };
}

/** The location in the form that connectors and messages get: `scheme://rest`; paths of this machine as they are. */
export function formatStoreLocation({ scheme, rest }: StoreLocation): string {
  return scheme === 'fs' ? rest : `${scheme}://${rest}`;
}
