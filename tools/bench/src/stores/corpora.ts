import { createCipheriv, createHash } from 'node:crypto';
import { closeSync, cpSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Trees to back up. All bytes come from AES-256-CTR key streams keyed by the SHA-256 of a seed, so they are the same on every machine.
 * `scale` 1 is the full size; smaller numbers take that part of it, for quick runs.
 */
export type Corpus = { readonly name: string; readonly sizeBytes: number; readonly files: number; make(folder: string): void };

const MIB = 1 << 20;
const PIECE_BYTES = 4 << 20;
const VOCABULARY = 4096;
const SMALL_LIMIT = 16385;

/** Bytes of one key stream, in order. */
export function stream(seed: string): (lengthBytes: number) => Buffer {
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(seed).digest(), Buffer.alloc(16));
  return (lengthBytes) => cipher.update(Buffer.alloc(lengthBytes));
}

let vocabulary: readonly Buffer[] | null = null;

function words(): readonly Buffer[] {
  if (vocabulary !== null) return vocabulary;
  const bytes = stream('words');
  vocabulary = Array.from({ length: VOCABULARY }, () => {
    const length = 3 + ((bytes(1)[0] ?? 0) % 8);
    return Buffer.concat([bytes(length).map((byte) => 97 + (byte % 26)), Buffer.from(' ')]);
  });
  return vocabulary;
}

/** Lines of 6 to 13 words, the frequent ones far more often, and a number: LZ4 makes about 0.58 of it. */
export function text(seed: string): (lengthBytes: number) => Buffer {
  const numbers = stream(seed);
  const known = words();
  let pool: Buffer = Buffer.alloc(0);
  let at = 0;
  const next = (): number => {
    if (at + 2 > pool.length) {
      pool = numbers(1 << 16);
      at = 0;
    }
    at += 2;
    return pool.readUInt16LE(at - 2);
  };
  let rest: Buffer = Buffer.alloc(0);
  return (lengthBytes) => {
    const out = Buffer.alloc(lengthBytes);
    let filled = rest.copy(out);
    rest = rest.subarray(filled);
    while (filled < lengthBytes) {
      const line: Buffer[] = [];
      for (let count = 6 + (next() % 8); count > 0; count--) {
        const pick = next();
        line.push(known[((pick * pick) >>> 20) & (VOCABULARY - 1)] as Buffer);
      }
      line.push(Buffer.from(`${next()}\n`));
      const whole = Buffer.concat(line);
      const taken = whole.copy(out, filled);
      filled += taken;
      rest = whole.subarray(taken);
    }
    return out;
  };
}

function writeFile(path: string, lengthBytes: number, source: (lengthBytes: number) => Buffer): void {
  const handle = openSync(path, 'w');
  for (let done = 0; done < lengthBytes; done += PIECE_BYTES) writeSync(handle, source(Math.min(PIECE_BYTES, lengthBytes - done)));
  closeSync(handle);
}

/** 1 GiB in 4 files, half text, half noise. */
export function big(scale = 1): Corpus {
  const files = [
    { name: 'rand0.bin', lengthBytes: 384 * MIB, source: stream },
    { name: 'rand1.bin', lengthBytes: 128 * MIB, source: stream },
    { name: 'text0.log', lengthBytes: 384 * MIB, source: text },
    { name: 'text1.log', lengthBytes: 128 * MIB, source: text },
  ].map((file) => ({ ...file, lengthBytes: Math.round(file.lengthBytes * scale) }));
  return {
    name: 'big',
    sizeBytes: files.reduce((sum, file) => sum + file.lengthBytes, 0),
    files: files.length,
    make(folder) {
      mkdirSync(folder, { recursive: true });
      for (const { name, lengthBytes, source } of files) writeFile(join(folder, name), lengthBytes, source(`big-${name}`));
    },
  };
}

/** 100,000 files of at most 16 KiB in 2,000 folders, half text, half noise: 820 MB. */
export function small(scale = 1): Corpus {
  const outer = 40;
  const inner = Math.max(1, Math.round(50 * scale));
  const perFolder = 50;
  return {
    name: 'small',
    sizeBytes: Math.round(outer * inner * perFolder * (SMALL_LIMIT / 2)),
    files: outer * inner * perFolder,
    make(folder) {
      const sizes = stream('small-sizes');
      const noise = stream('small-noise');
      const words = text('small-text');
      for (let a = 0; a < outer; a++) {
        for (let b = 0; b < inner; b++) {
          const directory = join(folder, `d${a}`, `e${b}`);
          mkdirSync(directory, { recursive: true });
          for (let c = 0; c < perFolder; c++) {
            const lengthBytes = sizes(2).readUInt16LE(0) % SMALL_LIMIT;
            writeFileSync(join(directory, `f${c}`), (c % 2 === 0 ? words : noise)(lengthBytes));
          }
        }
      }
    },
  };
}

/** A copy of this machine's /usr/share: real files, and not the same everywhere. */
export function tree(): Corpus {
  return {
    name: 'tree',
    sizeBytes: 600 * MIB,
    files: 50_000,
    make: (folder) => cpSync('/usr/share', folder, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true }),
  };
}

/** Makes a corpus below `folder` unless it is there whole; returns its path. */
export function ensureCorpus(folder: string, corpus: Corpus, scale: number): string {
  const path = join(folder, `${corpus.name}-${scale}`);
  const done = `${path}.done`;
  if (existsSync(done)) return path;
  rmSync(path, { recursive: true, force: true });
  process.stderr.write(`making the corpus ${corpus.name} …\n`);
  corpus.make(path);
  mkdirSync(done, { recursive: true });
  return path;
}
