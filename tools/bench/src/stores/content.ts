import { type Keystream, keystream } from '@wardrobe/kloset/testing';

const WORDS = 4096;

/** Lines of made-up words and numbers, skewed so that some words are far more frequent: LZ4 makes about 0.58 of it. */
export function textGenerator(seed: string): (lengthBytes: number) => Uint8Array {
  const random = keystream(seed);
  const words = Array.from({ length: WORDS }, () => word(random));
  return (lengthBytes) => {
    const text = Buffer.alloc(lengthBytes);
    for (let at = 0; at < lengthBytes; ) at += text.write(line(random, words), at, 'latin1');
    return new Uint8Array(text.buffer, text.byteOffset, lengthBytes);
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
  return `${text}${random.u32()}\n`;
}
