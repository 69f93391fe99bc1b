import { byteCounts } from '@wardrobe/kernel';

const scratch = new DataView(new ArrayBuffer(8));
const EXPONENT_BIAS = 1022;
/** In a small content many byte values occur equally often: what such a count adds is worked out once. */
const SHORT_COUNT = 256;
const terms = new Float64Array(SHORT_COUNT);

/**
 * Shannon entropy in bits per byte from the counts of the 256 byte values; 0 for no bytes. The order of additions and the form of the logarithm are those of
 * plakar, so that records come out equal to the last bit.
 * @source 02-snapshot 4.3
 */
export function entropyOf(counts: ArrayLike<number>, lengthBytes: number): number {
  let entropy = 0;
  if (lengthBytes === 0) return entropy;
  terms.fill(0);
  for (let byte = 0; byte < 256; byte++) {
    const count = counts[byte] as number;
    if (count === 0) continue;
    let term = count < SHORT_COUNT ? (terms[count] as number) : 0;
    if (term === 0) {
      const p = count / lengthBytes;
      term = p * log2(p);
      if (count < SHORT_COUNT) terms[count] = term;
    }
    entropy -= term;
  }
  return entropy;
}

/** Entropy of one chunk. */
export function entropyOfBytes(bytes: Uint8Array): number {
  return entropyOf(byteCounts(bytes), bytes.length);
}

/** Entropy of a content from that of its chunks, in their order. */
export function contentEntropy(chunks: readonly { readonly entropy: number; readonly lengthBytes: number }[]): number {
  let sum = 0;
  let total = 0;
  for (const chunk of chunks) {
    sum += chunk.entropy * chunk.lengthBytes;
    total += chunk.lengthBytes;
  }
  return total === 0 ? 0 : sum / total;
}

/** Of a normal number above 0: the exponent apart, so that powers of two are exact. */
function log2(x: number): number {
  scratch.setFloat64(0, x);
  const high = scratch.getUint32(0);
  const exponent = ((high >>> 20) & 0x7ff) - EXPONENT_BIAS;
  scratch.setUint32(0, (high & 0x800fffff) | (EXPONENT_BIAS << 20));
  const fraction = scratch.getFloat64(0);
  return fraction === 0.5 ? exponent - 1 : ln(fraction) * (1 / Math.LN2) + exponent;
}

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** Coefficients of the odd and the even powers of the series, from the highest. */
const ODD = [0.14798198605116586, 0.1818357216161805, 0.2857142874366239, 0.6666666666666735] as const;
const EVEN = [0.15313837699209373, 0.22222198432149784, 0.3999999999940942] as const;

/**
 * Natural logarithm of a number in [0.5, 1) in the steps of the classical series by s = f / (2 + f). `Math.log` takes short cuts for some arguments and so
 * differs in the last bit now and then.
 */
function ln(fraction: number): number {
  const isLow = fraction < Math.SQRT1_2;
  const f = (isLow ? fraction * 2 : fraction) - 1;
  const k = isLow ? -1 : 0;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const odd = s2 * (ODD[3] + s4 * (ODD[2] + s4 * (ODD[1] + s4 * ODD[0])));
  const even = s4 * (EVEN[2] + s4 * (EVEN[1] + s4 * EVEN[0]));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + (odd + even)) + k * LN2_LOW) - f);
}
