import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { compileKernel, moduleSource } from '../scripts/build-wasm.mjs';
import { blake3LanesSource } from '../scripts/unroll-blake3.mjs';
import { seededBytes, seededText } from '../test/support.js';
import { moduleBase64, moduleSha256 } from './generated/module.js';
import {
  aesKwUnwrap,
  aesKwWrap,
  argon2id,
  blake3Hash,
  createBlake3,
  gcmSivOpen,
  gcmSivSeal,
  kernelModule,
  lz4Compress,
  lz4Decompress,
  setAccelerator,
  useKernelModule,
  xxh32,
} from './index.js';
import { kernel } from './module.js';

describe('the compiled module', () => {
  it('is what the sources in assembly/ compile to, byte for byte', async () => {
    const built = await compileKernel();
    expect(createHash('sha256').update(built).digest('hex')).toBe(moduleSha256);
    expect(built.toString('base64')).toBe(moduleBase64);
    expect(await readFile(new URL('./generated/module.ts', import.meta.url), 'utf8')).toBe(moduleSource(built));
    expect(await readFile(new URL('../assembly/generated/blake3-lanes.ts', import.meta.url), 'utf8')).toBe(blake3LanesSource());
  });

  it('imports nothing and stays small', () => {
    expect(Buffer.from(moduleBase64, 'base64').length).toBeLessThan(40_000);
    expect(Reflect.get(globalThis, 'WebAssembly').Module.imports(kernelModule())).toEqual([]);
  });

  it('can be posted to a worker and used there', async () => {
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { exports } = new WebAssembly.Instance(workerData, {});
      parentPort.postMessage(exports.memory.buffer.byteLength);
      parentPort.once('message', () => process.exit(0));`;
    const worker = new Worker(source, { eval: true, workerData: kernelModule() });
    const bytes = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await worker.terminate();
    expect(bytes).toBe(kernel().memory.buffer.byteLength);
  });

  it('is compiled once, and one that was handed over is kept', () => {
    const module = kernelModule();
    expect(kernelModule()).toBe(module);
    useKernelModule(module);
    expect(kernelModule()).toBe(module);
    expect(kernel()).toBe(kernel());
  });
});

describe('memory', () => {
  it('does not grow over 500 rounds of everything, and hashers left open leave nothing in it', () => {
    setAccelerator(false);
    const { memory } = kernel();
    const before = memory.buffer.byteLength;
    const key = seededBytes('memory key', 32);
    const nonce = seededBytes('memory nonce', 12);
    const abandoned: unknown[] = [];
    for (let round = 0; round < 500; round++) {
      const plain = round % 2 ? seededText(`round ${round}`, 1 + round * 37) : seededBytes(`round ${round}`, 1 + round * 53);
      const frame = lz4Compress(plain);
      const sealed = gcmSivSeal(key, nonce, frame);
      expect(Buffer.compare(lz4Decompress(gcmSivOpen(key, nonce, sealed), plain.length), plain)).toBe(0);
      expect(aesKwUnwrap(key, aesKwWrap(key, key))).toEqual(key);
      blake3Hash(plain, key);
      abandoned.push(createBlake3(key).update(plain));
      xxh32(plain);
      if (round % 50 === 0) argon2id({ password: key, salt: nonce, passes: 1, memoryKiB: 1024, lanes: 1, lengthBytes: 32 });
    }
    setAccelerator(true);
    expect(memory.buffer.byteLength).toBe(before);
    expect(kernel().memory).toBe(memory);
    expect(before).toBeLessThan(10 << 20);
  });

  it('no result is a view of it', () => {
    const { memory } = kernel();
    const key = seededBytes('view', 32);
    const sealed = gcmSivSeal(key, key.subarray(0, 12), key);
    const results = [
      blake3Hash(key),
      createBlake3().update(key).digest(),
      sealed,
      gcmSivOpen(key, key.subarray(0, 12), sealed),
      aesKwWrap(key, key),
      lz4Compress(key),
      lz4Decompress(lz4Compress(key), 99),
    ];
    for (const result of results) expect(result.buffer).not.toBe(memory.buffer);
  });
});
