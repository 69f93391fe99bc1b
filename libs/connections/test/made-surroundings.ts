import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '@wardrobe/testing';
import type { Surroundings } from '../src/surroundings.js';

/** Surroundings of a test: folders of its own with the given files, and nothing of this machine. */
export async function madeSurroundings(
  files: { readonly ours?: string; readonly plakar?: Readonly<Record<string, string>> } = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<Surroundings & { readonly configFolder: string; readonly plakarFolder: string }> {
  const folder = await temporaryFolder('connections');
  const configFolder = join(folder, 'config');
  const plakarFolder = join(folder, 'plakar');
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o600 });
  };
  if (files.ours !== undefined) write(join(configFolder, 'stores.yml'), files.ours);
  for (const [name, text] of Object.entries(files.plakar ?? {})) write(join(plakarFolder, name), text);
  return { host: { environment, home: folder, temporaryFolder: folder }, configFolder, plakarFolder, connectorsFolder: null };
}
