import { type Keystream, keystream } from '@wardrobe/kloset/testing';

const WORDS = 4096;

/** Lines kept to choose from: far more of them than LZ4's window of 64 KiB holds. */
const LINES = 20_000;
/** 13 words of 10 letters and blanks, a number and a line feed. */
const LINE_LIMIT_BYTES = 256;

/** Lines of made-up words and numbers, skewed so that some words are far more frequent: LZ4 makes about 0.58 of it. */
export function textGenerator(seed: string): (lengthBytes: number) => Uint8Array {
  const random = keystream(seed);
  const words = Array.from({ length: WORDS }, () => word(random));
  const lines = Array.from({ length: LINES }, () => new Uint8Array(Buffer.from(line(random, words), 'latin1')));
  return (lengthBytes) => {
    const text = new Uint8Array(lengthBytes + LINE_LIMIT_BYTES);
    let at = 0;
    while (at < lengthBytes) {
      const chosen = lines[random.u32() % LINES] as Uint8Array;
      text.set(chosen, at);
      at += chosen.length;
      for (let number = random.u32(), digit = 0; digit < 8; digit += 1, number >>>= 4) text[at++] = 0x30 + (number & 7);
      text[at++] = 0x0a;
    }
    return text.subarray(0, lengthBytes);
  };
}

function word(random: Keystream): string {
  return Array.from({ length: random.between(3, 10) }, () => String.fromCharCode(random.between(97, 122))).join('');
}

function line(random: Keystream, words: readonly string[]): string {
  const count = random.between(6, 13);
  let text = '';
  for (let index = 0; index < count; index += 1) {
    const value = random.u32() & 0xffff;
    text += `${words[((value * value) >>> 20) & (WORDS - 1)]} `;
  }
  return text;
}
