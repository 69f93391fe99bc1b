import { renameSync, writeFileSync } from 'node:fs';

/** Writes a file (0600) under another name and renames it, so that it is whole or not there. */
export function writeAside(file: string, text: string): void {
  const aside = `${file}.${process.pid}.partial`;
  writeFileSync(aside, text, { mode: 0o600 });
  renameSync(aside, file);
}
