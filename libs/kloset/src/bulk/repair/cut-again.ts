import type { Mac } from '@wardrobe/kloset-model';
import { chunker } from '../../chunking/chunker.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { Repository } from '../../repository/types.js';
import { contentSink, type StoreContentOptions } from '../../snapshot/write/store-content.js';

/** What is needed to make the blobs of a content as this store names them. */
export type BlobMaker = Pick<Repository, 'mac' | 'createMac' | 'config'>;
export type CutOptions = Pick<StoreContentOptions, 'contentType' | 'entropy'>;

/**
 * The blobs that a content becomes when it is cut by the store's rules, those of one type, as the writer would store them: chunks as they come, the object last.
 * Whether one is the blob that is looked for, only its MAC tells.
 */
export async function* cutAgain(
  maker: BlobMaker,
  content: { readonly pieces: AsyncIterable<Uint8Array>; readonly type: number; readonly options: CutOptions },
): AsyncGenerator<Uint8Array> {
  const made: Uint8Array[] = [];
  const sink = contentSink(
    {
      has: () => false,
      put: (type, bytes, id) => keep(type, bytes, id),
      putAgain: (type, bytes, id) => keep(type, bytes, id),
      mac: (bytes) => maker.mac(bytes),
      createMac: () => maker.createMac(),
    },
    { ...content.options, chunker: chunker(maker.config.chunking) },
  );
  function keep(type: number, bytes: Uint8Array, id: Mac = maker.mac(bytes)): Mac {
    if (type === content.type) made.push(type === SNAPSHOT_BLOB.chunk ? bytes.slice() : bytes);
    return id;
  }
  for await (const piece of content.pieces) {
    sink.push(piece);
    yield* made.splice(0);
  }
  sink.finish();
  yield* made.splice(0);
}
