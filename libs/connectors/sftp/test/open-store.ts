import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ConnectorHost, parseStoreLocation, type WritableStore } from '@wardrobe/store-connector';
import type { ContractContent } from '@wardrobe/store-connector/contract';
import { PATIENCE, type Patience } from '../src/session.js';
import { openSftp } from '../src/sftp-connector.js';

/** Short waits, so that a test sees the end of a patience. */
export const IMPATIENT: Patience = { ...PATIENCE, connectMs: 5_000, stallMs: 1_500, retries: 4, firstDelayMs: 60 };

export type Opening = {
  readonly location: string;
  readonly home: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly patience?: Patience;
  readonly host?: Partial<ConnectorHost>;
};

export function openStore({ location, home, options = {}, environment = {}, patience = IMPATIENT, host = {} }: Opening): WritableStore {
  return openSftp(
    { location: parseStoreLocation(location), options, host: { environment: { USER: 'nobody', ...environment }, home, temporaryFolder: tmpdir(), ...host } },
    patience,
  );
}

/** Lays the content out as plakar does. */
export async function writeContent(folder: string, content: ContractContent): Promise<void> {
  const put = async (path: string, bytes: Uint8Array) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  };
  for (const made of ['locks', 'packfiles', join('states', '02')]) await mkdir(join(folder, made), { recursive: true });
  await put('CONFIG', content.config);
  for (const [id, bytes] of content.items.packfile) await put(`packfiles/${id.slice(0, 2)}/${id}`, bytes);
  for (const [id, bytes] of content.items.state) await put(`states/${id.slice(0, 2)}/${id}`, bytes);
  for (const [id, bytes] of content.items.lock) await put(`locks/${id}`, bytes);
  for (const path of content.foreign) await put(path, new Uint8Array(1));
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function whole(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await collect(pieces));
}

/** The rejection of `work`; fails when there is none. */
export async function failureOf(work: Promise<unknown>): Promise<Error> {
  const outcome = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(outcome instanceof Error)) throw new Error('it did not fail');
  return outcome;
}
