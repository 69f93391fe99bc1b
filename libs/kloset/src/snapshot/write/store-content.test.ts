import { nameBytes } from '@wardrobe/kloset-model';
import { expect, it } from 'vitest';
import { chunker } from '../../chunking/chunker.js';
import { decode } from '../../codec/codec.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { object } from '../../format/snapshot-object.js';
import { keystream, memorySource } from '../testing/index.js';
import { ContentRoom, contentSink, storeContent } from './store-content.js';

const CHUNKER = chunker({ algorithm: 'FASTCDC', minSize: 4 << 10, normalSize: 16 << 10, maxSize: 64 << 10 });

it('contents that share their room, pushed in any pieces, are those that are stored by themselves', () => {
  const room = new ContentRoom();
  const alone = memorySource(new Uint8Array(32));
  const shared = memorySource(new Uint8Array(32));
  const noise = keystream('contents').bytes(1 << 20);
  for (const [turn, lengthBytes] of [700_000, 0, 1, 70_000, 128 << 10, 5, 1_000_000].entries()) {
    const bytes = noise.subarray(turn, turn + lengthBytes);
    const options = { chunker: CHUNKER, contentType: 'a/b', entropy: 'measured' } as const;
    const expected = storeContent({ ...alone, putAgain: alone.put }, bytes, options);
    const sink = contentSink({ ...shared, putAgain: shared.put }, { ...options, room });
    for (let at = 0; at < bytes.length; at += 9973) sink.push(bytes.subarray(at, at + 9973));
    expect(sink.finish()).toEqual(expected);
    const { chunks, contentMAC } = decode(object, shared.peek(SNAPSHOT_BLOB.object, expected.object));
    const joined = Buffer.concat((chunks ?? []).map((chunk) => shared.peek(SNAPSHOT_BLOB.chunk, chunk.contentMAC)));
    expect(Buffer.compare(joined, bytes)).toBe(0);
    expect(contentMAC).toBe(shared.mac(bytes));
  }
  expect(shared.mac(nameBytes('x'))).toBe(alone.mac(nameBytes('x')));
});
