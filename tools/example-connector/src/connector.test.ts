import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { interfaceMismatch, parseStoreLocation, type WritableStore } from '@wardrobe/store-connector';
import { storeContract, writableContract } from '@wardrobe/store-connector/contract';
import { removeFolder, temporaryFolder } from '@wardrobe/testing';
import { expect, it } from 'vitest';
import { flatConnector } from './connector.js';

const open = (folder: string, options: Readonly<Record<string, string>> = {}): WritableStore =>
  flatConnector.open({ location: parseStoreLocation(`flat:${folder}`), options, host: { environment: {}, home: folder, temporaryFolder: folder } });

storeContract('the example connector', async (content) => {
  const folder = await temporaryFolder('flat');
  if (content !== null) {
    const store = open(folder);
    await store.create(content.config);
    for (const kind of ['packfile', 'state', 'lock'] as const) for (const [id, bytes] of content.items[kind]) await store.write(kind, id, bytes);
    for (const path of content.foreign) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), 'x');
    }
  }
  return { store: open(folder), close: () => removeFolder(folder) };
});

writableContract('the example connector', async () => {
  const folder = await temporaryFolder('flat');
  return { store: open(folder), again: async () => open(folder), close: () => removeFolder(folder) };
});

it('fits this version of the interface, and has no options', () => {
  expect(interfaceMismatch(flatConnector)).toBeNull();
  expect(() => open('/srv', { colour: 'red' })).toThrow(/has no option 'colour'/);
});
