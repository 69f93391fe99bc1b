import type { Mac } from '@wardrobe/kloset-model';
import type { TreeNode } from '../btree/tree.js';
import { asBuffer } from '../bytes/bytes.js';

/**
 * Nodes of trees as both plakar lines and Wardrobe write them (`format/snapshot-tree.ts`), taken apart without a copy of each key. What is written in any other
 * way is null, which says nothing against it: the decoder (`decode`) has the last word then. Everything that is accepted here the decoder reads as the same.
 */

const NIL = 0xc0;
const MAC_BYTES = 32;
const MAC_HEAD = 0xc4;
const encoder = new TextEncoder();
const key = (name: string, ...after: readonly number[]): Uint8Array => Uint8Array.of(0xa0 | name.length, ...encoder.encode(name), ...after);
const VERSION = key('version', 0xce, 0, 0, 0, 0);
const KEYS = key('keys');
const POINTERS = key('pointers');
const VALUES = key('values');
const NEIGHBOURS = [key('prev', MAC_HEAD, MAC_BYTES), key('next', MAC_HEAD, MAC_BYTES)];
const MEMBERS = 4;

type Place = { at: number };

/** Its keys are views of `bytes`. */
export function plainNode(bytes: Uint8Array): TreeNode | null {
  const place = { at: 1 };
  const members = (bytes[0] ?? 0) - 0x80;
  const keys = passed(bytes, place, VERSION) && passed(bytes, place, KEYS) ? strings(bytes, place) : null;
  const pointers = keys !== null && passed(bytes, place, POINTERS) ? macs(bytes, place) : null;
  const values = pointers !== null && passed(bytes, place, VALUES) ? macs(bytes, place) : null;
  if (keys === null || pointers === null || values === null) return null;
  let found = MEMBERS;
  for (const neighbour of NEIGHBOURS) {
    if (!passed(bytes, place, neighbour)) continue;
    found += 1;
    place.at += MAC_BYTES;
  }
  return found === members && place.at === bytes.length ? { keys, pointers, values } : null;
}

function passed(bytes: Uint8Array, place: Place, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[place.at + i] !== expected[i]) return false;
  place.at += expected.length;
  return true;
}

/** Number of elements, nil being none; -1: another form, or more than there can be. */
function listHead(bytes: Uint8Array, place: Place): number {
  const tag = bytes[place.at] ?? 0;
  place.at += 1;
  if (tag === NIL) return 0;
  if (tag >= 0x90 && tag <= 0x9f) return tag & 0x0f;
  if (tag !== 0xdc) return -1;
  place.at += 2;
  return ((bytes[place.at - 2] ?? 0) << 8) | (bytes[place.at - 1] ?? 0);
}

function strings(bytes: Uint8Array, place: Place): Uint8Array[] | null {
  const count = listHead(bytes, place);
  if (count < 0) return null;
  const found: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const tag = bytes[place.at] ?? 0;
    const widthBytes = tag >= 0xa0 && tag <= 0xbf ? 0 : tag === 0xd9 ? 1 : tag === 0xda ? 2 : -1;
    if (widthBytes < 0) return null;
    place.at += 1 + widthBytes;
    const last = bytes[place.at - 1] ?? 0;
    const lengthBytes = widthBytes === 0 ? tag & 0x1f : widthBytes === 1 ? last : ((bytes[place.at - 2] ?? 0) << 8) | last;
    const end = place.at + lengthBytes;
    if (end > bytes.length) return null;
    found.push(bytes.subarray(place.at, end));
    place.at = end;
  }
  return found;
}

function macs(bytes: Uint8Array, place: Place): Mac[] | null {
  const count = listHead(bytes, place);
  if (count < 0 || place.at + count * (2 + MAC_BYTES) > bytes.length) return null;
  const buffer = asBuffer(bytes);
  const found: Mac[] = [];
  for (let i = 0; i < count; i++) {
    if (bytes[place.at] !== MAC_HEAD || bytes[place.at + 1] !== MAC_BYTES) return null;
    found.push(buffer.toString('hex', place.at + 2, place.at + 2 + MAC_BYTES) as Mac);
    place.at += 2 + MAC_BYTES;
  }
  return found;
}
