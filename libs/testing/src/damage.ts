import { copyFile, open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import type { SeededRandom } from './random.js';

/** What can happen to a file of a store or cache. Lengths of `truncated` are bytes, a share of the file, or counted from its end. */
export type Damage =
  | { readonly kind: 'one bit' | '8 bytes' | 'zeroed' | 'deleted' | 'swapped' | 'overwritten by another' | 'from another store' }
  | { readonly kind: 'truncated'; readonly to: number | 'half' | 'one byte less' | 'footer less' };

export const TRUNCATIONS = [0, 16, 47, 48, 'half', 'one byte less', 'footer less'] as const;

export function damageName(damage: Damage): string {
  if (damage.kind !== 'truncated') return damage.kind;
  return `truncated to ${damage.to}`;
}

/** Bytes of a file that a damage is aimed at. */
export type Region = { readonly start: number; readonly end: number };

export type DamageTarget = {
  readonly path: string;
  /** Where bits and bytes are changed, and what is zeroed; default the whole file. */
  readonly region?: Region | undefined;
  /** Another file of the same kind in the same store. */
  readonly other?: string | undefined;
  /** A file of the same kind from another store. */
  readonly foreign?: string | undefined;
  /** Bit rot: the file keeps its time, as when a disk loses bytes. Only where the size stays. */
  readonly keepTime?: boolean | undefined;
};

const FOOTER_BYTES = 32;

/** Applies a damage; the answer undoes it: the same bytes, inode and time as before. Null where it cannot be applied (no other file). */
export async function applyDamage(damage: Damage, target: DamageTarget, random: SeededRandom): Promise<(() => Promise<void>) | null> {
  switch (damage.kind) {
    case 'deleted':
      await rename(target.path, `${target.path}.aside`);
      return () => rename(`${target.path}.aside`, target.path);
    case 'swapped':
      return target.other === undefined ? null : swap(target.path, target.other);
    case 'overwritten by another':
      return target.other === undefined ? null : replace(target.path, target.other);
    case 'from another store':
      return target.foreign === undefined ? null : replace(target.path, target.foreign);
    default:
      return rewrite(damage, target, random);
  }
}

async function swap(path: string, other: string): Promise<() => Promise<void>> {
  const turn = async (): Promise<void> => {
    await rename(path, `${path}.aside`);
    await rename(other, path);
    await rename(`${path}.aside`, other);
  };
  await turn();
  return turn;
}

async function replace(path: string, by: string): Promise<() => Promise<void>> {
  await rename(path, `${path}.aside`);
  await copyFile(by, path);
  return async () => {
    await rm(path);
    await rename(`${path}.aside`, path);
  };
}

async function rewrite(damage: Damage, target: DamageTarget, random: SeededRandom): Promise<() => Promise<void>> {
  const { path } = target;
  const good = await readFile(path);
  if (target.keepTime === true && damage.kind !== 'truncated') {
    const { mtimeMs } = await stat(path);
    await writeInPlace(path, { bytes: damagedBytes(good, damage, { random, region: target.region }), mtimeMs });
    return () => writeInPlace(path, { bytes: good, mtimeMs });
  }
  await rename(path, `${path}.aside`);
  await writeFile(path, damagedBytes(good, damage, { random, region: target.region }));
  return async () => {
    await rm(path);
    await rename(`${path}.aside`, path);
  };
}

async function writeInPlace(path: string, file: { readonly bytes: Uint8Array; readonly mtimeMs: number }): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.write(file.bytes, 0, file.bytes.length, 0);
  } finally {
    await handle.close();
  }
  await utimes(path, file.mtimeMs / 1000, file.mtimeMs / 1000);
}

/** The damaged bytes of a file. @throws TypeError a damage that is not one of bytes */
export function damagedBytes(good: Uint8Array, damage: Damage, options: { readonly random: SeededRandom; readonly region?: Region | undefined }): Uint8Array {
  const { random, region = { start: 0, end: good.length } } = options;
  const bytes = Uint8Array.from(good);
  const size = region.end - region.start;
  switch (damage.kind) {
    case 'truncated':
      return bytes.subarray(0, truncatedLength(damage.to, bytes.length));
    case 'zeroed':
      return bytes.fill(0, region.start, region.end);
    case 'one bit': {
      const at = region.start + random.below(size);
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
    }
    case '8 bytes': {
      const at = region.start + random.below(Math.max(1, size - 7));
      for (let index = at; index < Math.min(at + 8, region.end); index += 1) bytes[index] = (bytes[index] as number) ^ (1 + random.below(255));
      return bytes;
    }
    default:
      throw new TypeError(`${damage.kind} is no damage of bytes`);
  }
}

function truncatedLength(to: Extract<Damage, { kind: 'truncated' }>['to'], sizeBytes: number): number {
  if (to === 'half') return Math.floor(sizeBytes / 2);
  if (to === 'one byte less') return sizeBytes - 1;
  if (to === 'footer less') return sizeBytes - FOOTER_BYTES;
  return Math.min(to, sizeBytes - 1);
}
