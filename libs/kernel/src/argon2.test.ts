import { argon2id as nobleArgon2id } from '@noble/hashes/argon2.js';
import { argon2id as hashWasmArgon2id } from 'hash-wasm';
import { afterEach, describe, expect, it } from 'vitest';
import { fromHex, hex, isInstalled, seededBytes, utf8 } from '../test/support.js';
import { argon2id, deriveArgon2id, isDerivedNatively, KernelError, setAccelerator } from './index.js';

afterEach(() => {
  setAccelerator(true);
});

it('gives the tag of RFC 9106, 5.3', () => {
  const tag = argon2id({
    password: new Uint8Array(32).fill(1),
    salt: new Uint8Array(16).fill(2),
    secret: new Uint8Array(8).fill(3),
    associatedData: new Uint8Array(12).fill(4),
    passes: 3,
    memoryKiB: 32,
    lanes: 4,
    lengthBytes: 32,
  });
  expect(hex(tag)).toBe('0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
});

it.each([
  { passes: 1, memoryKiB: 8, lanes: 1, lengthBytes: 4 },
  { passes: 2, memoryKiB: 67, lanes: 1, lengthBytes: 32 },
  { passes: 4, memoryKiB: 1024, lanes: 1, lengthBytes: 32 },
  { passes: 3, memoryKiB: 129, lanes: 2, lengthBytes: 64 },
  { passes: 1, memoryKiB: 600, lanes: 3, lengthBytes: 65 },
  { passes: 2, memoryKiB: 2100, lanes: 4, lengthBytes: 96 },
  { passes: 2, memoryKiB: 64, lanes: 8, lengthBytes: 200 },
])('agrees with @noble/hashes and hash-wasm for %o', async (parameters) => {
  const password = seededBytes('argon2 password', 21);
  const salt = seededBytes('argon2 salt', 16);
  const ours = hex(argon2id({ password, salt, ...parameters }));
  expect(ours).toBe(hex(nobleArgon2id(password, salt, { t: parameters.passes, m: parameters.memoryKiB, p: parameters.lanes, dkLen: parameters.lengthBytes })));
  const { passes: iterations, memoryKiB: memorySize, lanes: parallelism, lengthBytes: hashLength } = parameters;
  expect(ours).toBe(await hashWasmArgon2id({ password, salt, iterations, memorySize, parallelism, hashLength, outputType: 'hex' }));
});

it('derives the secret of a real store from its passphrase (01-store, 10.2)', () => {
  const secret = argon2id({
    password: utf8('correct horse battery staple 42'),
    salt: fromHex('fb0d369055418df721bc1978bcf24b84'),
    passes: 4,
    memoryKiB: 262144,
    lanes: 1,
    lengthBytes: 32,
  });
  expect(hex(secret)).toBe('1ef2c6bf951b01213d0e6bbe91cafa6f2fba136b7212abfae4e09737a12c436d');
});

it('parameters that make no sense are input errors', () => {
  const good = { password: new Uint8Array(4), salt: new Uint8Array(16), passes: 1, memoryKiB: 64, lanes: 1, lengthBytes: 32 };
  const bad = [
    { passes: 0 },
    { passes: 1.5 },
    { lanes: 0 },
    { lanes: 9 },
    { memoryKiB: 7 },
    { memoryKiB: 5e6 },
    { memoryKiB: Number.NaN },
    { lengthBytes: 3 },
    { salt: new Uint8Array(7) },
  ];
  for (const change of bad) expect(() => argon2id({ ...good, ...change }), JSON.stringify(change)).toThrow(KernelError);
  expect(argon2id(good)).toHaveLength(32);
});

describe('derived natively where that can be', () => {
  const options = { password: seededBytes('argon2 native', 21), salt: seededBytes('argon2 salt', 16), passes: 2, memoryKiB: 1024, lanes: 1, lengthBytes: 32 };

  it('wherever the package is installed, unless it was turned off or the parameters are not its own', () => {
    expect(isDerivedNatively(options)).toBe(isInstalled('@node-rs/argon2'));
    expect(isDerivedNatively({ lanes: 256, memoryKiB: 4096 })).toBe(false);
    expect(isDerivedNatively({ lanes: 1, memoryKiB: (256 << 10) + 1 })).toBe(false);
    setAccelerator(false);
    expect(isDerivedNatively(options)).toBe(false);
  });

  it.each([
    {},
    { password: new Uint8Array(0) },
    { password: seededBytes('long', 5000) },
    { passes: 1, memoryKiB: 8, lengthBytes: 4 },
    { passes: 3, memoryKiB: 129, lanes: 2, lengthBytes: 64 },
    { memoryKiB: 2100, lanes: 4, lengthBytes: 96 },
    { memoryKiB: 4096, lanes: 255 },
    { memoryKiB: 4096, lanes: 256 },
    { salt: seededBytes('salt', 8) },
    { salt: seededBytes('salt', 1024) },
    { secret: seededBytes('secret', 8) },
    { associatedData: seededBytes('data', 12) },
    { secret: seededBytes('secret', 8), associatedData: new Uint8Array(0) },
  ])('the key is that of the module: %o', async (change) => {
    const expected = hex(argon2id({ ...options, ...change }));
    expect(hex(await deriveArgon2id({ ...options, ...change }))).toBe(expected);
    setAccelerator(false);
    expect(hex(await deriveArgon2id({ ...options, ...change }))).toBe(expected);
  });

  it('the calling thread goes on meanwhile', async () => {
    if (!isDerivedNatively(options)) return expect(isInstalled('@node-rs/argon2')).toBe(false);
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    await deriveArgon2id({ ...options, passes: 8, memoryKiB: 65_536 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  it.each([{ passes: 0 }, { lanes: 0 }, { memoryKiB: 7 }, { lengthBytes: 3 }, { salt: new Uint8Array(7) }])('%o is an input error', async (change) => {
    await expect(deriveArgon2id({ ...options, ...change })).rejects.toThrow(KernelError);
  });
});
