import { randomInt } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Mac } from '@wardrobe/kloset-model';
import { DiskFullError, type ResourceKind } from '@wardrobe/store-connector';
import { writableOf } from './access.js';
import type { Job } from './handler.js';
import { Refusal } from './refusal.js';

/** Above any packfile that plakar makes: 64 MiB and one blob. */
const MAX_ITEM_BYTES = 4 * 2 ** 30;

/**
 * Keeps an upload in a local file until it is whole, then gives it to the store: a broken one leaves nothing.
 * `id` is asked for when the body has ended: in the JSON protocol it may stand behind the data.
 */
export async function takeUpload(job: Job, kind: ResourceKind, upload: { readonly body: AsyncIterable<Uint8Array>; readonly id: () => Mac }): Promise<void> {
  const { served, signal } = job;
  const store = writableOf(served);
  const path = join(store.spoolDirectory ?? served.temporaryFolder, `tmp.${randomInt(1e9)}${randomInt(1e9)}`);
  try {
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    await pipeline(limited(upload.body, served.maxItemBytes ?? MAX_ITEM_BYTES), file, { signal });
    await store.adopt(kind, upload.id(), path, { signal });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new DiskFullError(path, { cause: error });
    throw error;
  } finally {
    await rm(path, { force: true });
  }
}

async function* limited(body: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<Uint8Array> {
  let lengthBytes = 0;
  for await (const piece of body) {
    lengthBytes += piece.length;
    if (lengthBytes > limitBytes) throw new Refusal(413, `items of more than ${limitBytes} bytes are not taken`);
    yield piece;
  }
}
