import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Corpus, stream } from './corpora.js';

const TINY_BYTES = 12;
const FILES_PER_FOLDER = 1000;
const GIB = 2 ** 30;
const DATA_BYTES = 4 << 20;

/** So many files of 12 bytes, no two alike, a thousand a folder. */
export function tiny(files: number): Corpus {
  return {
    name: `tiny-${files}`,
    sizeBytes: files * TINY_BYTES,
    files,
    make(folder) {
      const noise = stream('tiny');
      let directory = folder;
      for (let file = 0; file < files; file++) {
        if (file % FILES_PER_FOLDER === 0) {
          directory = join(folder, `d${file / FILES_PER_FOLDER}`);
          mkdirSync(directory, { recursive: true });
        }
        writeFileSync(join(directory, `f${file}`), noise(TINY_BYTES));
      }
    },
  };
}

/** One sparse file; with `data` 4 MiB of noise at the beginning of every GiB. */
export function large(sizeGiB: number, data: boolean): Corpus {
  return {
    name: `${sizeGiB}GiB${data ? '-data' : ''}`,
    sizeBytes: sizeGiB * GIB,
    files: 1,
    make(folder) {
      mkdirSync(folder, { recursive: true });
      const handle = openSync(join(folder, 'disk.img'), 'w');
      const noise = stream('large');
      ftruncateSync(handle, sizeGiB * GIB);
      for (let at = 0; data && at < sizeGiB; at++) writeSync(handle, noise(DATA_BYTES), 0, DATA_BYTES, at * GIB);
      closeSync(handle);
    },
  };
}
