import { InvalidInputError } from '@wardrobe/store-connector';
import type { StoreEntries } from './store-file.js';

/**
 * Stores in any of the forms that `plakar store import` takes: YAML with or without a version, JSON, INI. `file` is for messages.
 * @throws InvalidInputError with a sentence that names file and place, and never a value
 * @source 04-remote-stores 9.3
 */
export async function parseImported(text: string, file: string): Promise<StoreEntries> {
  if (isIni(text)) return parseIni(text, file);
  const { parseStoreFile } = await import('./store-file.js');
  return parseStoreFile(text, { file, section: 'stores' }).stores;
}

function isIni(text: string): boolean {
  const first = text.split('\n').find((line) => !/^\s*(?:[#;].*)?$/.test(line));
  return first !== undefined && /^\s*\[[^\]{}"]+\]\s*$/.test(first);
}

function parseIni(text: string, file: string): StoreEntries {
  const stores = new Map<string, Record<string, string>>();
  let options: Record<string, string> | undefined;
  for (const [index, written] of text.split(/\r?\n/).entries()) {
    const line = written.trim();
    if (line === '' || /^[#;]/.test(line)) continue;
    const section = /^\[(.+)\]$/.exec(line)?.[1]?.trim();
    if (section !== undefined) {
      if (stores.has(section)) throw new InvalidInputError(`${file}: the section '${section}' stands there twice (line ${index + 1})`);
      // No prototype: an option may be called as anything.
      options = Object.create(null) as Record<string, string>;
      stores.set(section, options);
      continue;
    }
    const [, key, value] = /^([^=]+?)\s*=\s*(.*)$/.exec(line) ?? [];
    if (options === undefined || key === undefined || value === undefined)
      throw new InvalidInputError(`${file}: line ${index + 1} is neither a [section] nor KEY = VALUE`);
    options[key] = unquoted(value);
  }
  return new Map([...stores].map(([name, found]) => [name, { ...found }]));
}

function unquoted(value: string): string {
  return /^(["'`])([\s\S]*)\1$/.exec(value)?.[2] ?? value;
}
