import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeTree, type Oracle, plantTree, TREE_SHAPES } from '@wardrobe/testing';

export const TREES_A_GROUP = 5;

/** Folders of generated trees. Each is given out once. */
export type Sources = {
  /** How many trees were made. */
  trees(): number;
  next(): Promise<string>;
  remove(): void;
};

/**
 * Where the folders above seldom change: a backup holds entries of them too, and their times are those of whatever else runs on this machine.
 */
function quietFolder(): string {
  const run = process.env['WARDROBE_TEST_RUN'];
  const name = `wardrobe-${run === undefined ? '' : `run${run}-`}compat-`;
  return mkdtempSync(join(existsSync('/var/tmp') ? '/var/tmp' : '/tmp', name));
}

export function sources(by: Oracle, { seed }: { readonly seed: number }): Sources {
  const base = quietFolder();
  const owners = process.getuid?.() === 0;
  let trees = 0;
  return {
    trees: () => trees,
    async next() {
      const folder = join(base, `group ${trees / TREES_A_GROUP}`);
      mkdirSync(folder);
      for (let index = 0; index < TREES_A_GROUP; index += 1) {
        const shape = TREE_SHAPES[trees % TREE_SHAPES.length] ?? 'mixed';
        await plantTree(by, makeTree({ seed: seed + trees, shape, owners }), join(folder, `${index} ${shape}`));
        trees += 1;
      }
      return folder;
    },
    // Paths may be longer than Node removes.
    remove: () => void execFileSync('rm', ['-rf', '--', base]),
  };
}

/** Changes a few things in a group, as days do between two backups. */
export function alter(folder: string, note: string): void {
  writeFileSync(join(folder, `added ${note}`), `added ${note}\n`);
  mkdirSync(join(folder, `new folder ${note}`));
  writeFileSync(join(folder, `new folder ${note}`, 'inside'), note.repeat(5000));
  const [first, second, third] = readdirSync(folder).filter((name) => /^\d /.test(name));
  if (first !== undefined) renameSync(join(folder, first), join(folder, `${first} renamed ${note}`));
  if (second !== undefined) chmodSync(join(folder, second), 0o711);
  // Names are bytes, not text.
  const parent = Buffer.from(third === undefined ? '' : `${join(folder, third)}/`);
  if (third !== undefined)
    for (const name of readdirSync(parent, { encoding: 'buffer' }).slice(0, 2)) rmSync(Buffer.concat([parent, name]), { recursive: true });
}

/** Changes when any folder above does, so that two backups made before and after cannot be compared as a whole. */
export function aboveStamp(folder: string): string {
  const stamps: string[] = [];
  for (let path = dirname(folder); ; path = dirname(path)) {
    const { mtimeNs, nlink, size } = lstatSync(path, { bigint: true });
    stamps.push(`${path} ${mtimeNs} ${nlink} ${size}`);
    if (path === dirname(path)) return stamps.join('\n');
  }
}
