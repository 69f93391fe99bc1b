import type { StateEndFacts } from '@wardrobe/kloset';
import { parseMac } from '@wardrobe/kloset-model';
import { hex } from './byte-reader.js';

const VERSIONS: Readonly<Record<number, StateEndFacts['version']>> = { 65536: '1.0.0', 65792: '1.1.0' };
const NOTHING = /^0{64}$/;

/**
 * What a cache keeps of a state beside its entries: a msgpack map of `version` u32, `timestamp` (ext −1), `serial` bin16, and in caches of 1.1 `parent` bin32.
 * Null for anything else: it is only a help. @source 01-store 8.2, 8.3
 */
export function statePayload(payload: Uint8Array): StateEndFacts | null {
  const found = new Map<string, Uint8Array | bigint | number>();
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let at = 1;
  try {
    if ((view.getUint8(0) & 0xf0) !== 0x80) return null;
    for (let left = view.getUint8(0) & 0x0f; left > 0; left -= 1) {
      const keyBytes = view.getUint8(at) & 0x1f;
      const key = Buffer.from(payload.subarray(at + 1, at + 1 + keyBytes)).toString('latin1');
      at += 1 + keyBytes;
      const value = readValue(payload, view, at);
      if (value === null) return null;
      found.set(key, value.value);
      at = value.end;
    }
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return endOf(found);
}

function endOf(found: ReadonlyMap<string, Uint8Array | bigint | number>): StateEndFacts | null {
  const version = VERSIONS[Number(found.get('version'))];
  const timestampNs = found.get('timestamp');
  const serial = found.get('serial');
  const parent = found.get('parent');
  if (version === undefined || typeof timestampNs !== 'bigint' || !(serial instanceof Uint8Array) || serial.length !== 16) return null;
  const digits = hex(serial);
  const uuid = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
  const parentId = parent instanceof Uint8Array && parent.length === 32 ? hex(parent) : '';
  return { version, timestampNs, serial: uuid, parent: parentId === '' || NOTHING.test(parentId) ? null : parseMac(parentId) };
}

type Read = { readonly value: Uint8Array | bigint | number; readonly end: number };

/** The few kinds of value that such a map holds. @source 02-snapshot 0.3 */
function readValue(payload: Uint8Array, view: DataView, at: number): Read | null {
  const kind = view.getUint8(at);
  if (kind <= 0x7f) return { value: kind, end: at + 1 };
  switch (kind) {
    case 0xcc:
      return { value: view.getUint8(at + 1), end: at + 2 };
    case 0xcd:
      return { value: view.getUint16(at + 1), end: at + 3 };
    case 0xce:
      return { value: view.getUint32(at + 1), end: at + 5 };
    case 0xc4: {
      const end = at + 2 + view.getUint8(at + 1);
      return end > payload.length ? null : { value: payload.subarray(at + 2, end), end };
    }
    case 0xd6:
      return { value: BigInt(view.getUint32(at + 2)) * SECOND_NS, end: at + 6 };
    case 0xd7: {
      const packed = view.getBigUint64(at + 2);
      return { value: (packed & ((1n << 34n) - 1n)) * SECOND_NS + (packed >> 34n), end: at + 10 };
    }
    case 0xc7:
      return { value: view.getBigInt64(at + 7) * SECOND_NS + BigInt(view.getUint32(at + 3)), end: at + 15 };
    default:
      return null;
  }
}

const SECOND_NS = 1_000_000_000n;
