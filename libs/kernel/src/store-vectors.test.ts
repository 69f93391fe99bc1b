import { describe, expect, it } from 'vitest';
import { fromHex, hex, utf8 } from '../test/support.js';
import { aesKwUnwrap, blake3Hash, gcmSivOpen } from './index.js';

describe('worked examples of the store format (01-store, 10)', () => {
  it('MAC key and MACs of a plain store', () => {
    const key = blake3Hash(fromHex('02d3e38bad5d458594f5b6a4130b5293'));
    expect(hex(key)).toBe('1d4d6b908eb390f58a8378d399366e91fdc5cee7eddb3d00b14fdcd5218f4605');
    expect(hex(blake3Hash(new Uint8Array(0), key))).toBe('aba8639f9e7f21cedd44170846fef13e753e12b2b4c3acf3cd702e9f952fbb52');
    expect(hex(blake3Hash(utf8('hello\n'), key))).toBe('1a0386200b17bf8815f021c022678daba28f3aa3e3300400b5a53f3c27ee580e');
  });

  it('MAC key of another plain store and the id of one of its chunks', () => {
    const key = blake3Hash(fromHex('e4fb64d02b5b4790858dcfd6ea511593'));
    expect(hex(key)).toBe('9f6bf284624e715b43e58cabc5c95f0f0eb1db0cfdea04d4367c2524811a6c4d');
    expect(hex(blake3Hash(utf8('hi\n'), key))).toBe('d9d2809893d39091a2a341f32a25d19a333a93b01f9d39cfbb3d7b5e25110d85');
  });

  it('a state made by a removal is named by the MAC of its body, and its footer is that of header and body', () => {
    const key = blake3Hash(fromHex('e4fb64d02b5b4790858dcfd6ea511593'));
    const header = fromHex('5f4b4c4f5345545f0300000000000100');
    const body = fromHex(
      '0329000000 05 a5004770bdd8547906c27f9655337ebe56a17f2fad06ab3f11caeb466c753207 48813bae928aea18 01 00000100 057f3bae928aea18 e4fb64d02b5b4790858dcfd6ea511593',
    );
    expect(hex(blake3Hash(body, key))).toBe('9a54314d5f39fa02021a821a9a4637eef513b2112157e9853ff5888f8cc96d0a');
    expect(hex(blake3Hash(new Uint8Array(Buffer.concat([header, body])), key))).toBe('baa257fd32671d9e4bcb8dd4feea18e2bd92aa10abfe18f84310371a8dbbb08c');
  });

  it('the canary of an encrypted store opens with its secret', () => {
    const secret = fromHex('1ef2c6bf951b01213d0e6bbe91cafa6f2fba136b7212abfae4e09737a12c436d');
    const subkey = aesKwUnwrap(secret, fromHex('22ddfc0300dd31e16dd56e56b570f8d8c28fb6c8ec962b30cec3a094e0ea00984ee63e156b68210e'));
    expect(hex(subkey)).toBe('883813605cd66efd2e35e6bb79e4bd0b441da0bd8086a11a72f937ad39d4e19c');
    const sealed = fromHex('7e8916e8f0bd981837c3d80a9b2d0fe3aa94a2ebf4935dd1e6a461f7b7024807 3b09e4dc3f9687b5c03553d53c4de371');
    expect(hex(gcmSivOpen(subkey, fromHex('c172b30668f96f894e684195'), sealed))).toBe('10a4e6104f812ce17d0ee40bc484bda74d2debedb8533d21a9baafa5b45722e1');
  });

  it('the subkey of an encrypted state unwraps', () => {
    const secret = fromHex('1ef2c6bf951b01213d0e6bbe91cafa6f2fba136b7212abfae4e09737a12c436d');
    const wrapped = fromHex('15e8203a32f60c149b3fb7517ab709bb0d6529ad9d47ff3ab9f25c12b5c3a1e31bb5819d319c4b82');
    expect(hex(aesKwUnwrap(secret, wrapped))).toBe('b3a20d5c204837fc08227b4b4c5ade38c3c110e6e48feacc4e1582ac25a86d51');
  });
});
