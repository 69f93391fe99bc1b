import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { nameBytes } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fsStore } from '@wardrobe/connector-fs';
import { backup } from './backup.js';
import { freshRepository, problemsOf } from './testing/backup-kit.js';
import type { BackupCounts } from './backup-types.js';

/** A hundred times as many, and by threads: these take seconds to start from sources. */
const IS_LONG = process.env['WARDROBE_TEST_LONG'] === '1';
const FILES = IS_LONG ? 100_000 : 1000;
const PER_FOLDER = 500;
const TIMEOUT_MS = 900_000;

let folder: string;
let tree: string;

beforeAll(async () => {
  folder = await temporaryFolder('many-files');
  tree = `${folder}/tree`;
  for (let i = 0; i < FILES; i++) {
    const directory = `${tree}/${Math.floor(i / PER_FOLDER)}`;
    if (i % PER_FOLDER === 0) mkdirSync(directory, { recursive: true });
    writeFileSync(`${directory}/file ${i}`, `content ${i} `.repeat(1 + (i % 40)));
  }
}, TIMEOUT_MS);

afterAll(() => void execFileSync('rm', ['-rf', folder]), TIMEOUT_MS);

describe.each(['1.0', '1.1'] as const)(`${FILES} small files on line %s`, (line) => {
  test(
    'are all saved, and none is read again',
    async () => {
      const repository = await freshRepository(fsStore(`${folder}/store-${line}`), { line });
      const request = { paths: [nameBytes(tree)], origin: 'workshop' };
      const progress: BackupCounts[] = [];
      const threads = IS_LONG ? undefined : 1;
      const options = { threads, proofDirectory: `${folder}/notes`, onProgress: (counts: BackupCounts) => progress.push(counts) };
      const first = await backup(repository, request, options);
      expect(first).toMatchObject({ files: FILES, directories: FILES / PER_FOLDER + 1, unchanged: 0, errors: 0 });
      expect(progress.every((counts, index) => counts.files >= (progress[index - 1]?.files ?? 0))).toBe(true);
      const second = await backup(repository, request, options);
      expect(second).toMatchObject({ files: FILES, unchanged: FILES, readBytes: 0, sizeBytes: first.sizeBytes });
      expect(await problemsOf(repository, second.snapshot)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
