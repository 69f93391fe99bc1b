import { kernel, windowBytes } from './module.js';

/** Sizes in bytes, masks as FastCDC uses them before (`small`) and from (`large`) the normal size on. */
export type CutRule = { readonly minSize: number; readonly normalSize: number; readonly maxSize: number; readonly small: bigint; readonly large: bigint };

/**
 * Length of the first chunk of `window`, which holds everything that is left or at least `maxSize` bytes. 0 only for an empty window.
 * @source 02-snapshot 5
 */
export function fastCdcCut(window: Uint8Array, rule: CutRule): number {
  const end = Math.min(window.length, rule.maxSize);
  if (end <= rule.minSize) return end;
  const turn = rule.normalSize < rule.minSize ? end : Math.min(end, rule.normalSize);
  kernel().call.gearStart();
  const early = scan(window, { from: rule.minSize, to: turn, mask: rule.small });
  return early < turn ? early : scan(window, { from: turn, to: end, mask: rule.large });
}

function scan(window: Uint8Array, part: { readonly from: number; readonly to: number; readonly mask: bigint }): number {
  const { bytes, at, call } = kernel();
  for (let from = part.from; from < part.to; from += windowBytes) {
    const length = Math.min(windowBytes, part.to - from);
    bytes.set(window.subarray(from, from + length), at.input);
    const found = call.gearScan(at.input, length, part.mask) >>> 0;
    if (found < length) return from + found;
  }
  return part.to;
}

/** How often each byte value occurs in `data`. */
export function byteCounts(data: Uint8Array): Uint32Array {
  const { bytes, at, call } = kernel();
  bytes.fill(0, at.byteCounts, at.byteCounts + 1024);
  for (let from = 0; from < data.length; from += windowBytes) {
    const piece = data.subarray(from, from + windowBytes);
    bytes.set(piece, at.input);
    call.addByteCounts(at.input, piece.length, at.byteCounts);
  }
  return new Uint32Array(bytes.slice(at.byteCounts, at.byteCounts + 1024).buffer);
}
