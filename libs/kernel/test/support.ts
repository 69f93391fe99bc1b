import { createCipheriv, createHash } from 'node:crypto';
import { createRequire } from 'node:module';

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Whether an optional package can be loaded here at all. */
export function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url)(name);
    return true;
  } catch (error) {
    process.stderr.write(`${name} is absent: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}\n`);
    return false;
  }
}

/** The same bytes for the same seed, everywhere: an AES-256-CTR keystream. */
export function seededBytes(seed: string, length: number): Uint8Array {
  const key = createHash('sha256').update(seed).digest();
  return new Uint8Array(createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length)));
}

/** Lines of words of a skewed vocabulary: about as compressible as a log file. */
export function seededText(seed: string, length: number): Uint8Array {
  const letters = seededBytes(`${seed} words`, 4096 * 10);
  const words = Array.from({ length: 4096 }, (_, i) => String.fromCharCode(...letters.subarray(i * 10, i * 10 + 3 + (i % 8)).map((byte) => 97 + (byte % 26))));
  const picks = new DataView(seededBytes(`${seed} picks`, length + 2).buffer);
  const out = new Uint8Array(length);
  for (let at = 0, i = 0; at < length; i += 2) {
    const pick = picks.getUint16(i % length, true);
    const word = utf8(`${words[((pick * pick) >>> 20) & 4095]}${pick % 11 === 0 ? '\n' : ' '}`);
    out.set(word.subarray(0, length - at), at);
    at += word.length;
  }
  return out;
}

/** Lengths around every boundary the kernels know: blocks, chunks, groups of chunks, segments. */
export const edgeLengths = [
  0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1007, 1008, 1009, 1023, 1024, 1025, 1040, 2047, 2048, 2049, 3071, 3072,
  3073, 4095, 4096, 4097, 5119, 5120, 5121, 8191, 8192, 8193, 12288, 16383, 16384, 16385, 20479, 20480, 20481, 32767, 32768, 32769, 65535, 65536, 65537, 81921,
  131072, 200001,
];
