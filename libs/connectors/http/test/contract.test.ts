import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ContractContent, storeContract, writableContract } from '@wardrobe/store-connector/contract';
import { serveFolder } from './serve.js';

for (const line of ['1.1', '1.0'] as const) {
  storeContract(`http, protocol of ${line}`, async (content) => {
    const served = await serveFolder({ protocols: [line], writable: false });
    if (content !== null) await writeContent(served.path, content);
    const store = served.open();
    return {
      store,
      async close() {
        await store.close();
        await served.close();
      },
    };
  });

  writableContract(`http, protocol of ${line}`, async () => {
    const served = await serveFolder({ protocols: [line] });
    const store = served.open();
    return {
      store,
      again: () => Promise.resolve(served.open()),
      async close() {
        await store.close();
        await served.close();
      },
    };
  });
}

async function writeContent(folder: string, content: ContractContent): Promise<void> {
  const put = async (path: string, bytes: Uint8Array) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  };
  await mkdir(join(folder, 'locks'), { recursive: true });
  await put('CONFIG', content.config);
  for (const [id, bytes] of content.items.packfile) await put(`packfiles/${id.slice(0, 2)}/${id}`, bytes);
  for (const [id, bytes] of content.items.state) await put(`states/${id.slice(0, 2)}/${id}`, bytes);
  for (const path of content.foreign) await put(path, new Uint8Array(1));
}
