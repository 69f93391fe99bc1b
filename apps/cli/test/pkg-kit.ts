import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { temporaryFolder } from '@wardrobe/testing';
import { pack } from 'tar-stream';
import { type Run, wardrobe } from './run-wardrobe.js';

export type User = { readonly data: string; run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Run> };

/** Somebody with a data folder of their own. */
export async function user(): Promise<User> {
  const data = await temporaryFolder('data');
  return { data, run: (args, env = {}) => wardrobe(args, { WARDROBE_DATA: data, HOME: data, ...env }) };
}

const CONNECTOR = `
class StoreError extends Error { constructor() { super('the tape is torn'); this.code = 'store'; this.fault = 'line'; this.retryable = false; } }
export const tape = { name: 'tape', title: 'Tape', description: 'A tape.', schemes: ['tape'], interfaceVersion: 'VERSION', example: 'tape:one', options: [],
  open: () => ({ location: 'tape:one', spoolDirectory: null, readConfig: async () => { throw new StoreError(); }, close: async () => {} }) };
`;

/** A package as npm makes them. */
export async function made(
  changes: { readonly version?: string; readonly interfaceVersion?: string; readonly name?: string; readonly needs?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const file = join(await temporaryFolder('made'), 'tape.tgz');
  const tar = pack();
  const written = pipeline(tar, createGzip(), createWriteStream(file));
  const { version = '1.0.0', interfaceVersion = '1.0', needs } = changes;
  const wardrobeFacts = { connector: 'index.js', name: 'tape', schemes: ['tape'], interfaceVersion };
  const facts = {
    name: '@example/tape',
    version,
    type: 'module',
    scripts: { install: 'touch ran' },
    wardrobe: wardrobeFacts,
    ...(needs === undefined ? {} : { dependencies: needs }),
  };
  tar.entry({ name: 'package/package.json' }, JSON.stringify(facts));
  tar.entry(
    { name: changes.name ?? 'package/index.js' },
    `${Object.keys(needs ?? {})
      .map((name) => `import '${name}';`)
      .join('\n')}${CONNECTOR.replace('VERSION', interfaceVersion)}`,
  );
  tar.finalize();
  await written;
  return file;
}
