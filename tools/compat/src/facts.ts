import type { OracleEntry } from '@wardrobe/testing';

/** What a backup must keep of one path, whoever tells it: a disk, plakar, or Wardrobe. Bytes are base64. */
export type Fact = {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: string;
  readonly gid: string;
  readonly mtimeNs: string;
  readonly size: number;
  readonly nlink: number;
  readonly dev: string;
  readonly ino: string;
  readonly target: string;
  readonly sha256: string;
  readonly xattrs: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
};

/** Of one path: MACs of its entry, its object, and its attributes' entries; the type that its object names, empty without one. */
export type Macs = { readonly path: string; readonly entry: string; readonly object: string; readonly contentType: string; readonly xattrs: readonly string[] };

export function factOf(entry: OracleEntry): Fact {
  const { path, type, mode, uid, gid, mtimeNs, size, nlink, dev, ino, target = '', sha256 = '', xattrs = [] } = entry;
  const values = xattrs.map((one) => ({ name: one.name, size: one.size, sha256: one.sha256 }));
  return { path, type, mode, uid, gid, mtimeNs, size, nlink, dev, ino, target, sha256, xattrs: values };
}

export function macsOf({ path, entry, object = '', contentType = '', xattrs = [] }: OracleEntry): Macs {
  return { path, entry, object, contentType, xattrs: xattrs.map((one) => one.entry ?? '') };
}

/** Paths whose content the two name differently, with the type that the first gives. */
export function typedOtherwise(ours: readonly Macs[], theirs: readonly Macs[]): ReadonlyMap<string, string> {
  const types = new Map(theirs.map(({ path, contentType }) => [path, contentType]));
  return new Map(ours.flatMap(({ path, contentType }) => (types.has(path) && types.get(path) !== contentType ? [[path, contentType] as const] : [])));
}

/** All but those paths and the folders above them, which count types. */
export function without(macs: readonly Macs[], paths: Iterable<string>): readonly Macs[] {
  const texts = [...paths].map((path) => pathText({ path }));
  return macs.filter((one) => !texts.some((text) => `${text}/`.startsWith(pathText(one) === '/' ? '/' : `${pathText(one)}/`)));
}

/** Facts of a folder and everything below it, in the order of the paths' bytes. */
export function factsBelow(facts: readonly Fact[], folder: string): readonly Fact[] {
  return facts.filter((fact) => `${pathText(fact)}/`.startsWith(`${folder}/`)).sort(byPath);
}

const MICROSECOND_NS = 1000n;
const SECOND_NS = 1_000_000_000n;
const LATE_NS = 2n ** 33n * SECOND_NS;

/**
 * The same facts as they must hold wherever the folder is restored to: paths relative to it, hard links by the first of their names, and without what the file
 * system decides (numbers, sizes of directories). The folder itself is left out: a restore goes into a folder that is there.
 */
export function factsElsewhere(facts: readonly Fact[], folder: string, by: 'plakar' | 'Wardrobe'): readonly object[] {
  const firstName = new Map<string, string>();
  const below = factsBelow(facts, folder).filter((fact) => pathText(fact) !== folder && (by === 'plakar' || fact.type !== 'socket'));
  return below.map(({ dev, ino, nlink, ...fact }) => {
    const path = pathText(fact).slice(folder.length);
    const inode = `${dev}:${ino}`;
    if (!firstName.has(inode)) firstName.set(inode, path);
    const mtimeNs = by === 'plakar' ? fact.mtimeNs : asNodeSetsIt(BigInt(fact.mtimeNs));
    return fact.type === 'directory' ? { ...fact, path, mtimeNs, size: 0 } : { ...fact, path, mtimeNs, nlink, firstName: firstName.get(inode) };
  });
}

/** To the microsecond below; of times that a double holds less exactly, beyond 2242, the nearest second. */
function asNodeSetsIt(timeNs: bigint): string {
  const step = timeNs < LATE_NS ? MICROSECOND_NS : SECOND_NS;
  const shifted = timeNs < LATE_NS ? timeNs : timeNs + SECOND_NS / 2n;
  return String(shifted - (((shifted % step) + step) % step));
}

export function pathText({ path }: { readonly path: string }): string {
  return Buffer.from(path, 'base64').toString('latin1');
}

function byPath(left: Fact, right: Fact): number {
  return Buffer.compare(Buffer.from(left.path, 'base64'), Buffer.from(right.path, 'base64'));
}
