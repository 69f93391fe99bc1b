/** The rolling hash of FastCDC and the byte counts of an entropy. @source 02-snapshot 4.3, 5 */
import { GEAR } from './gear';
import { COUNTS, GEAR_DOUBLED } from './layout';

/** Fingerprint that a scan in several pieces goes on with. */
let print: u64 = 0;

/** Fills the table of doubled numbers; called once by the module's start. */
export function prepareGear(): void {
  for (let i: usize = 0; i < 2048; i += 8) store<u64>(GEAR_DOUBLED + i, load<u64>(GEAR + i) << 1);
}

@inline function gear(byte: u64): u64 { return load<u64>(GEAR + (<usize>(byte & 0xff) << 3)); }
@inline function doubled(byte: u64): u64 { return load<u64>(GEAR_DOUBLED + (<usize>(byte & 0xff) << 3)); }

/** Begins a chunk. */
export function gearStart(): void { print = 0; }

/** Index of the first byte after which the fingerprint has no bit of `mask`; `length` when there is none. */
export function gearScan(input: usize, length: u32, mask: u64): u32 {
  let fp = print;
  const end = input + length;
  let at = input;
  // Two bytes a step: the fingerprint after the first is only needed for its test, which keeps it out of the chain of dependent additions.
  for (; at + 8 <= end; at += 8) {
    const word = load<u64>(at);
    let one = (fp << 1) + gear(word);
    fp = (fp << 2) + (doubled(word) + gear(word >> 8));
    if ((one & mask) == 0) return <u32>(at - input);
    if ((fp & mask) == 0) return <u32>(at - input) + 1;
    one = (fp << 1) + gear(word >> 16);
    fp = (fp << 2) + (doubled(word >> 16) + gear(word >> 24));
    if ((one & mask) == 0) return <u32>(at - input) + 2;
    if ((fp & mask) == 0) return <u32>(at - input) + 3;
    one = (fp << 1) + gear(word >> 32);
    fp = (fp << 2) + (doubled(word >> 32) + gear(word >> 40));
    if ((one & mask) == 0) return <u32>(at - input) + 4;
    if ((fp & mask) == 0) return <u32>(at - input) + 5;
    one = (fp << 1) + gear(word >> 48);
    fp = (fp << 2) + (doubled(word >> 48) + gear(word >> 56));
    if ((one & mask) == 0) return <u32>(at - input) + 6;
    if ((fp & mask) == 0) return <u32>(at - input) + 7;
  }
  for (; at < end; at++) {
    fp = (fp << 1) + gear(load<u8>(at));
    if ((fp & mask) == 0) return <u32>(at - input);
  }
  print = fp;
  return length;
}

/** Adds how often each byte value occurs to 256 u32 at `out`. */
export function addByteCounts(input: usize, length: u32, out: usize): void {
  // Four tables, so that equal neighbours do not wait for each other.
  memory.fill(COUNTS, 0, 4096);
  const end = input + length;
  let at = input;
  for (; at + 8 <= end; at += 8) {
    const word = load<u64>(at);
    count(0, word);
    count(1024, word >> 8);
    count(2048, word >> 16);
    count(3072, word >> 24);
    count(0, word >> 32);
    count(1024, word >> 40);
    count(2048, word >> 48);
    count(3072, word >> 56);
  }
  for (; at < end; at++) count(0, load<u8>(at));
  for (let i: usize = 0; i < 1024; i += 16) {
    const sum = i32x4.add(i32x4.add(v128.load(COUNTS + i), v128.load(COUNTS + i, 1024)), i32x4.add(v128.load(COUNTS + i, 2048), v128.load(COUNTS + i, 3072)));
    v128.store(out + i, i32x4.add(v128.load(out + i), sum));
  }
}

@inline function count(table: usize, byte: u64): void {
  const at = COUNTS + table + (<usize>(byte & 0xff) << 2);
  store<u32>(at, load<u32>(at) + 1);
}

/** True when all bytes are zero. */
export function isZero(input: usize, length: usize): bool {
  const end = input + length;
  let at = input;
  for (; at + 64 <= end; at += 64) {
    const any = v128.or(v128.or(v128.load(at), v128.load(at, 16)), v128.or(v128.load(at, 32), v128.load(at, 48)));
    if (v128.any_true(any)) return false;
  }
  for (; at < end; at++) if (load<u8>(at) != 0) return false;
  return true;
}
