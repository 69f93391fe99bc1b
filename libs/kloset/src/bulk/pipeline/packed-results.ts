import type { FileResult } from '../backup/content-pipeline.js';
import { macFromBytes, macToBytes } from '../../bytes/bytes.js';

/**
 * Results of many files as one piece of memory, which moves between threads without being copied. A record is: MAC of the object (32 bytes), size (f64),
 * entropy (f64), chunks (u32), number of a text (u32). The text is the content type, or with 0 chunks the error.
 */
export type PackedResults = { readonly records: ArrayBuffer; readonly texts: readonly string[] };

const RECORD_BYTES = 56;
const SIZE = 32;
const ENTROPY = 40;
const CHUNKS = 48;
const TEXT = 52;

export function packResults(results: readonly FileResult[]): PackedResults {
  const records = new ArrayBuffer(results.length * RECORD_BYTES);
  const bytes = new Uint8Array(records);
  const view = new DataView(records);
  const texts: string[] = [];
  const numbers = new Map<string, number>();
  results.forEach((result, index) => {
    const at = index * RECORD_BYTES;
    const text = 'content' in result ? result.content.contentType : result.error;
    let number = numbers.get(text);
    if (number === undefined) {
      number = texts.push(text) - 1;
      numbers.set(text, number);
    }
    view.setUint32(at + TEXT, number, true);
    if (!('content' in result)) return;
    bytes.set(macToBytes(result.content.object), at);
    view.setFloat64(at + SIZE, result.content.sizeBytes, true);
    view.setFloat64(at + ENTROPY, result.content.entropy, true);
    view.setUint32(at + CHUNKS, result.content.chunks, true);
  });
  return { records, texts };
}

export function unpackResults({ records, texts }: PackedResults): FileResult[] {
  const bytes = new Uint8Array(records);
  const view = new DataView(records);
  return Array.from({ length: records.byteLength / RECORD_BYTES }, (_, index): FileResult => {
    const at = index * RECORD_BYTES;
    const chunks = view.getUint32(at + CHUNKS, true);
    const text = texts[view.getUint32(at + TEXT, true)] ?? '';
    if (chunks === 0) return { error: text };
    const object = macFromBytes(bytes.subarray(at, at + SIZE));
    return { content: { object, sizeBytes: view.getFloat64(at + SIZE, true), chunks, entropy: view.getFloat64(at + ENTROPY, true), contentType: text } };
  });
}
