import type { MessagePort } from 'node:worker_threads';
import { useKernelModule } from '@wardrobe/kernel';
import { createMacAlgorithm } from '../../crypto/mac.js';
import { uuidToBytes } from '../../bytes/bytes.js';
import { parseConfig } from '../../repository/config-file.js';
import { indexGarbageWatch } from '../index-garbage.js';
import { BlobOpener } from './blob-opener.js';
import { Examiner } from './examiner.js';
import { FileMaker, writeInto } from './file-maker.js';
import { itemsOf, OpenFiles, PackReader, SentBytes } from './pack-reader.js';
import { PackedContents } from './packed-contents.js';
import { PackfileProver } from './packfile-prover.js';
import type { MakeRequest, ReadAnswer, ReaderStart, ReadRequest, ToReader, WriteRequest } from './read-protocol.js';

const MIN_INPUT_BYTES = 9 << 20;

/**
 * A thread that reads blobs from packfiles on local disk, decodes them and proves them, and hands them back or writes them. What does not open, or cannot be
 * written, is told as such; the asker finds out why.
 */
export function serveReads(port: MessagePort, start: ReaderStart): void {
  useKernelModule(start.module);
  const configFile = parseConfig(start.config);
  const { config } = configFile;
  const opener = new BlobOpener(config, start.secret, Math.max(MIN_INPUT_BYTES, config.Chunking.MaxSize + (1 << 20)));
  const files = new OpenFiles();
  const algorithm = createMacAlgorithm(config.Hashing.Algorithm, uuidToBytes(config.RepositoryID), start.secret);
  const maker = new FileMaker(algorithm);
  const examiner = new Examiner(opener, files, algorithm);
  const prover = new PackfileProver(configFile, start.secret, opener);
  const contents = new PackedContents(opener, files);
  const giveUp = indexGarbageWatch();
  const serve = (request: ReadRequest | WriteRequest | MakeRequest): ReadAnswer => {
    const items = itemsOf(request);
    const sent = request.kind === 'make' ? request.stored : null;
    const reader = new PackReader(opener, sent === null ? files : new SentBytes(sent), items);
    if (request.kind === 'read') return readAll(request, reader, items);
    return request.kind === 'write' ? writeInto(request, reader, items) : maker.make(request, reader, items);
  };
  const post = (answer: ReadAnswer): void => port.postMessage(answer, answer.bytes === null ? [] : [answer.bytes]);
  const postProof = (answer: ReadAnswer): void => {
    // Handed over, they have no length any more.
    const indexBytes = answer.bytes?.byteLength ?? 0;
    post(answer);
    giveUp(indexBytes);
  };
  port.on('message', (request: ToReader) => {
    if (request.kind === 'examine') post(examiner.examine(request));
    else if (request.kind === 'prove') prover.prove(request).then(postProof).catch(endThread);
    else if (request.kind === 'contents') post(contents.prove(request));
    else post(serve(request));
  });
}

/** A bug ends the thread, and with it whoever asked. */
function endThread(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

function readAll(request: ReadRequest, reader: PackReader, items: readonly { readonly lengthBytes: number }[]): ReadAnswer {
  let out = new Uint8Array(2 * items.reduce((sum, item) => sum + item.lengthBytes, 0));
  let written = 0;
  const lengths = Int32Array.from(items, (_, index) => {
    const plain = reader.open(index);
    if (plain === null) return -1;
    if (written + plain.length > out.length) {
      const larger = new Uint8Array(2 * (written + plain.length));
      larger.set(out.subarray(0, written));
      out = larger;
    }
    out.set(plain, written);
    written += plain.length;
    return plain.length;
  });
  const bytes = out.buffer.byteLength > 2 * written + 4096 ? out.slice(0, written).buffer : out.buffer;
  return { id: request.id, lengths, bytes };
}
