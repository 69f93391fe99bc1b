import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CONTRACT_CONTENT, type ContractContent, contractId as idOf, storeContract, writableContract } from '@wardrobe/store-connector/contract';
import { removeFolder, temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { DiskFullError, NotAStoreError, NotFoundError, PermissionError, StoreError } from '@wardrobe/store-connector';
import { storeError } from '../src/fs-errors.js';
import { fsStore } from '../src/fs-store.js';

storeContract('fs', async (content) => {
  const folder = await temporaryFolder('contract');
  if (content !== null) await writeContent(folder, content);
  const store = fsStore(folder);
  return {
    store,
    async close() {
      await store.close();
      await removeFolder(folder);
    },
  };
});

writableContract('fs', async () => {
  const folder = await temporaryFolder('contract');
  const path = join(folder, 'store');
  const store = fsStore(path);
  return { store, again: () => Promise.resolve(fsStore(path)), close: () => removeFolder(folder) };
});

describe('fs store', () => {
  it('a path that does not exist, or is a file, is no store', async () => {
    const folder = await temporaryFolder('fs');
    await writeFile(join(folder, 'file'), 'x');
    await expect(fsStore(join(folder, 'absent')).readConfig()).rejects.toBeInstanceOf(NotAStoreError);
    await expect(fsStore(join(folder, 'file')).readConfig()).rejects.toBeInstanceOf(NotAStoreError);
  });

  it('a store that is gone while it is used is a StoreError, not a missing item', async () => {
    const folder = await temporaryFolder('fs');
    await writeContent(join(folder, 'store'), CONTRACT_CONTENT);
    const store = fsStore(join(folder, 'store'));
    await rename(join(folder, 'store'), join(folder, 'unplugged'));
    await expect(store.readRange('state', idOf('01'), 0, 1)).rejects.toMatchObject({ code: 'store', retryable: true });
    await expect(collect(store.list('state'))).rejects.toBeInstanceOf(StoreError);
  });

  it('a states folder that is gone is a StoreError; an absent locks folder holds no locks', async () => {
    const folder = await temporaryFolder('fs');
    await writeContent(folder, CONTRACT_CONTENT);
    await rm(join(folder, 'states'), { recursive: true });
    await rm(join(folder, 'locks'), { recursive: true });
    await expect(collect(fsStore(folder).list('state'))).rejects.toBeInstanceOf(StoreError);
    expect(await collect(fsStore(folder).list('lock'))).toEqual([]);
  });

  it('ignores links and folders that bear the name of an item, and names the links as foreign', async () => {
    const folder = await temporaryFolder('fs');
    await writeContent(folder, CONTRACT_CONTENT);
    await symlink('/dev/null', join(folder, 'states', '02', idOf('02')));
    await mkdir(join(folder, 'states', '02', idOf('03')));
    const store = fsStore(folder);
    expect((await collect(store.list('state'))).map((item) => item.id)).toEqual([idOf('01')]);
    expect((await collect(store.listForeign())).map((file) => file.path)).toContain(`states/02/${idOf('02')}`);
  });

  it('an item in the wrong bucket is listed once, read where it lies, and named as misplaced', async () => {
    const folder = await temporaryFolder('fs');
    await writeContent(folder, CONTRACT_CONTENT);
    for (const [kind, bucket, id] of [
      ['packfiles', 'ab', idOf('cd')],
      ['states', '02', idOf('03')],
      ['states', '07', idOf('03')],
      ['states', '02', idOf('01')],
    ] as const) {
      await mkdir(join(folder, kind, bucket), { recursive: true });
      await writeFile(join(folder, kind, bucket, id), Uint8Array.of(9, 8, 7, 6));
    }
    const store = fsStore(folder);
    expect(await store.readRange('packfile', idOf('cd'), 1, 2)).toEqual(Uint8Array.of(8, 7));
    expect(await store.sizeBytes('state', idOf('03'))).toBe(4);
    const states = (await collect(store.list('state'))).map((item) => [item.id, item.sizeBytes]);
    expect(states.sort()).toEqual([
      [idOf('01'), 3],
      [idOf('03'), 4],
    ]);
    expect((await collect(store.list('packfile'))).map((item) => item.id)).toContain(idOf('cd'));
    expect((await collect(store.listForeign())).map((file) => file.path)).toContain(`states/02/${idOf('03')}`);
    await rm(join(folder, 'states', '02', idOf('03')));
    await rm(join(folder, 'states', '07', idOf('03')));
    await expect(store.readRange('state', idOf('03'), 0, 1)).rejects.toBeInstanceOf(NotFoundError);
  });

  it('the stamp of an item changes when its bytes are replaced', async () => {
    const folder = await temporaryFolder('fs');
    await writeContent(folder, CONTRACT_CONTENT);
    const [before] = await collect(fsStore(folder).list('state'));
    await writeFile(join(folder, 'states', '01', idOf('01')), Uint8Array.of(3, 2, 1));
    const [after] = await collect(fsStore(folder).list('state'));
    expect(before?.stamp).toBeDefined();
    expect(after?.stamp).not.toBe(before?.stamp);
  });

  it('errors of the file system become errors of the engine', () => {
    const failure = (code: string) => storeError(Object.assign(new Error(code), { code }), 'state', undefined);
    expect(failure('EACCES')).toBeInstanceOf(PermissionError);
    expect(failure('EPERM')).toBeInstanceOf(PermissionError);
    expect(failure('ENOSPC')).toBeInstanceOf(DiskFullError);
    expect(failure('EIO')).toMatchObject({ code: 'store', retryable: true });
    expect(failure('EISDIR')).toMatchObject({ code: 'store', retryable: false });
    expect(storeError(new NotFoundError('state', 'x'), 'state', undefined)).toBeInstanceOf(NotFoundError);
  });
});

async function writeContent(folder: string, content: ContractContent): Promise<void> {
  const put = async (path: string, bytes: Uint8Array) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  };
  await mkdir(join(folder, 'locks'), { recursive: true });
  await mkdir(join(folder, 'states', '02'), { recursive: true });
  await put('CONFIG', content.config);
  for (const [id, bytes] of content.items.packfile) await put(`packfiles/${id.slice(0, 2)}/${id}`, bytes);
  for (const [id, bytes] of content.items.state) await put(`states/${id.slice(0, 2)}/${id}`, bytes);
  for (const [id, bytes] of content.items.lock) await put(`locks/${id}`, bytes);
  for (const path of content.foreign) await put(path, new Uint8Array(1));
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
