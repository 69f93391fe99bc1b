import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { availableFixtures, type Fixture, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { hex, utf8 } from '../test/support.js';
import { aesKwUnwrap, argon2id, blake3Hash, createBlake3, gcmSivOpen, lz4Compress, lz4Decompress } from './index.js';

const frameStart = Buffer.from('04224d186470b9', 'hex');

/** The `length` bytes that follow a key and a msgpack header of two bytes in CONFIG. */
function binaryAfter(config: Buffer, key: string, length: number): Uint8Array {
  const at = config.indexOf(key) + key.length + 2;
  return new Uint8Array(config.subarray(at, at + length));
}

async function filesOf(fixture: Fixture, folder: 'packfiles' | 'states'): Promise<Uint8Array[]> {
  const entries = await readdir(join(fixture.storeDir, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name));
  return Promise.all(files.map(async (entry) => new Uint8Array(await readFile(join(entry.parentPath, entry.name)))));
}

function macKey(config: Buffer, passphrase: string | undefined): Uint8Array {
  if (passphrase === undefined) return blake3Hash(binaryAfter(config, 'RepositoryID', 16));
  const salt = binaryAfter(config, 'Salt', 16);
  return argon2id({ password: utf8(passphrase), salt, passes: 4, memoryKiB: 262144, lanes: 1, lengthBytes: 32 });
}

describe.each(availableFixtures())('the store %s, left by the real plakar', (name) => {
  it('every packfile and state bears the MAC we compute, whole and in pieces; frames in plain ones come back', async () => {
    const fixture = await unpackFixture(name);
    const config = await readFile(join(fixture.storeDir, 'CONFIG'));
    const key = macKey(config, fixture.passphrase);
    const files = [...(await filesOf(fixture, 'packfiles')), ...(await filesOf(fixture, 'states'))];
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const body = file.subarray(0, -32);
      const footer = hex(file.subarray(-32));
      expect(hex(blake3Hash(body, key))).toBe(footer);
      const hasher = createBlake3(key);
      for (let at = 0; at < body.length; at += 7001) hasher.update(body.subarray(at, at + 7001));
      expect(hex(hasher.digest())).toBe(footer);
    }
    if (fixture.passphrase === undefined) expect(readFrames(files)).toBeGreaterThan(50);
    else expect(openCanary(config, key)).toHaveLength(32);
  });
});

/** Reads every LZ4 frame (its own checksum proves the content) and writes it again; returns how many there were. */
function readFrames(files: readonly Uint8Array[]): number {
  let count = 0;
  for (const file of files) {
    const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
    for (let at = bytes.indexOf(frameStart); at >= 0; at = bytes.indexOf(frameStart, at + 1)) {
      const plain = lz4Decompress(file.subarray(at), 8 << 20);
      expect(Buffer.compare(lz4Decompress(lz4Compress(plain), plain.length), plain)).toBe(0);
      count++;
    }
  }
  return count;
}

function openCanary(config: Buffer, secret: Uint8Array): Uint8Array {
  const canary = binaryAfter(config, 'Canary', 100);
  return gcmSivOpen(aesKwUnwrap(secret, canary.subarray(0, 40)), canary.subarray(40, 52), canary.subarray(52));
}
