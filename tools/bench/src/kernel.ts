import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { argon2id, aesKwUnwrap, aesKwWrap, blake3Hash, gcmSivOpen, gcmSivSeal, lz4Compress, lz4Decompress, setAccelerator, xxh32 } from '@wardrobe/kernel';
import { gcmsiv } from '@noble/ciphers/aes.js';
import { blake3 as nobleBlake3 } from '@noble/hashes/blake3.js';
import { argon2id as hashWasmArgon2id, createBLAKE3, createXXHash32 } from 'hash-wasm';
import { compress as lz4jsCompress, decompress as lz4jsDecompress } from 'lz4js';
import { measurePair, type Pair, seededBytes, seededText } from './kernel-measure.js';

/**
 * Speed of every kernel beside an independent implementation of the same thing, each pair measured in turns in this one process.
 * `npx tsx tools/bench/src/kernel.ts [--json]`; inputs are the same at every run. MB are 10^6 bytes.
 */

const key = seededBytes('bench key', 32);
const nonce = seededBytes('bench nonce', 12);
const kilobytes = (bytes: number): string => (bytes < 1024 ? `${bytes} B` : bytes < 1 << 20 ? `${bytes / 1024} KiB` : `${bytes / (1 << 20)} MiB`);

async function hashes(): Promise<Pair[]> {
  const pairs: Pair[] = [];
  const peer = await createBLAKE3(256, key);
  const peerXxh = await createXXHash32(0);
  const accelerated = setAccelerator(true);
  for (const bytes of [330, 1024, 8192, 65536, 1 << 20]) {
    const data = seededBytes('bench hash', bytes);
    const other = (): unknown => peer.init().update(data).digest('binary');
    setAccelerator(false);
    pairs.push(measurePair({ name: `BLAKE3 keyed ${kilobytes(bytes)}, module`, peer: 'hash-wasm', bytes, ours: () => blake3Hash(data, key), other }));
    setAccelerator(true);
    if (accelerated && bytes >= 16384)
      pairs.push(measurePair({ name: `BLAKE3 keyed ${kilobytes(bytes)}, accelerator`, peer: 'hash-wasm', bytes, ours: () => blake3Hash(data, key), other }));
    if (bytes === 65536) {
      setAccelerator(false);
      pairs.push(
        measurePair({
          name: `BLAKE3 keyed ${kilobytes(bytes)}, module`,
          peer: '@noble/hashes',
          bytes,
          ours: () => blake3Hash(data, key),
          other: () => nobleBlake3(data, { key }),
        }),
      );
      setAccelerator(true);
    }
    pairs.push(
      measurePair({
        name: `xxh32 ${kilobytes(bytes)}`,
        peer: 'hash-wasm',
        bytes,
        ours: () => xxh32(data),
        other: () => peerXxh.init().update(data).digest('binary'),
      }),
    );
  }
  return pairs;
}

function compression(): Pair[] {
  return [8192, 65536, 1 << 20].flatMap((bytes) => {
    const text = seededText('bench text', bytes);
    const noise = seededBytes('bench noise', bytes);
    const frame = lz4Compress(text);
    const peerFrame = new Uint8Array(lz4jsCompress(text));
    const size = kilobytes(bytes);
    const ratio = (packed: Uint8Array): string => (packed.length / bytes).toFixed(3);
    return [
      measurePair({
        name: `LZ4 compress text ${size} (to ${ratio(frame)}, peer ${ratio(peerFrame)})`,
        peer: 'lz4js',
        bytes,
        ours: () => lz4Compress(text),
        other: () => lz4jsCompress(text),
      }),
      measurePair({ name: `LZ4 compress noise ${size}`, peer: 'lz4js', bytes, ours: () => lz4Compress(noise), other: () => lz4jsCompress(noise) }),
      measurePair({ name: `LZ4 decompress text ${size}`, peer: 'lz4js', bytes, ours: () => lz4Decompress(frame, bytes), other: () => lz4jsDecompress(frame) }),
    ];
  });
}

function ciphers(): Pair[] {
  const siv = [330, 1023, 1024, 8192, 65536, 1 << 20].flatMap((bytes) => {
    const plain = seededBytes('bench siv', bytes);
    const sealed = gcmSivSeal(key, nonce, plain);
    const size = kilobytes(bytes);
    return [
      measurePair({
        name: `GCM-SIV seal ${size}`,
        peer: '@noble/ciphers',
        bytes,
        ours: () => gcmSivSeal(key, nonce, plain),
        other: () => gcmsiv(key, nonce).encrypt(plain),
      }),
      measurePair({
        name: `GCM-SIV open ${size}`,
        peer: '@noble/ciphers',
        bytes,
        ours: () => gcmSivOpen(key, nonce, sealed),
        other: () => gcmsiv(key, nonce).decrypt(sealed),
      }),
    ];
  });
  const initial = Buffer.alloc(8, 0xa6);
  const wrapped = aesKwWrap(key, key);
  const node = {
    wrap: () => createCipheriv('id-aes256-wrap', key, initial).update(key),
    unwrap: () => createDecipheriv('id-aes256-wrap', key, initial).update(wrapped),
  };
  return [
    ...siv,
    measurePair({ name: 'AES-KW wrap 32 B', peer: 'node:crypto', bytes: 32, ours: () => aesKwWrap(key, key), other: node.wrap }),
    measurePair({ name: 'AES-KW unwrap 32 B', peer: 'node:crypto', bytes: 32, ours: () => aesKwUnwrap(key, wrapped), other: node.unwrap }),
  ];
}

/** Three turns each at the parameters a store is created with. */
async function keyDerivation(): Promise<string> {
  const salt = key.subarray(0, 16);
  const times = { ours: [] as number[], other: [] as number[] };
  for (let turn = 0; turn < 3; turn++) {
    let start = performance.now();
    argon2id({ password: key, salt, passes: 4, memoryKiB: 262144, lanes: 1, lengthBytes: 32 });
    times.ours.push(performance.now() - start);
    start = performance.now();
    await hashWasmArgon2id({ password: key, salt, iterations: 4, memorySize: 262144, parallelism: 1, hashLength: 32, outputType: 'hex' });
    times.other.push(performance.now() - start);
  }
  const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[1] ?? 0;
  const [ours, other] = [middle(times.ours), middle(times.other)];
  return `Argon2id t=4 m=256 MiB p=1: ${ours.toFixed(0)} ms, hash-wasm ${other.toFixed(0)} ms, ${(other / ours).toFixed(2)} x`;
}

async function main(): Promise<void> {
  const pairs = [...(await hashes()), ...compression(), ...ciphers()];
  const derivation = await keyDerivation();
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ node: process.version, pairs, derivation }, null, 2)}\n`);
    return;
  }
  process.stdout.write(
    `node ${process.version}, inputs ${createHash('sha256').update(key).digest('hex').slice(0, 8)}\n\n| kernel | MB/s | µs a call | peer | peer MB/s | ratio |\n| --- | ---: | ---: | --- | ---: | ---: |\n`,
  );
  for (const pair of pairs) {
    const numbers = [pair.oursMBs, pair.oursMicros].map((value) => value.toFixed(value < 10 ? 1 : 0));
    process.stdout.write(
      `| ${pair.name} | ${numbers.join(' | ')} | ${pair.peer} | ${pair.otherMBs.toFixed(pair.otherMBs < 10 ? 1 : 0)} | ${pair.ratio.toFixed(2)} |\n`,
    );
  }
  process.stdout.write(`\n${derivation}\n`);
}

await main();
// Node 20 may wait for ever at its end once WebAssembly was loaded.
process.exit(0);
