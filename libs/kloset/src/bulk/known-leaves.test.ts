import { createHash } from 'node:crypto';
import { comparePathOrder, type Mac, nameBytes, nameText, parentPath } from '@wardrobe/kloset-model';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { macToBytes } from '../bytes/bytes.js';
import { TreeListings } from './check-listings.js';
import { passedLeaves, UNKNOWN_LEAF } from './check-plan.js';
import { KnownLeaves } from './known-leaves.js';
import { ListingDigest } from './listing-digest.js';

/** Paths with the number of a content; 0: it is not fine. */
type Tree = ReadonlyMap<string, number>;
type Leaf = { readonly id: Mac; readonly entries: readonly (readonly [string, number])[] };

const hash = (text: string): Mac => createHash('sha256').update(text).digest('hex') as Mac;
const macOf = (path: string, content: number): Uint8Array => macToBytes(hash(`${path} ${content}`));

/** Leaves end behind some paths, so that a change leaves the others as they are. */
function leavesOf(tree: Tree): Leaf[] {
  const sorted = [...tree].sort(([a], [b]) => comparePathOrder(nameBytes(a), nameBytes(b)));
  const leaves: (readonly [string, number])[][] = [[]];
  for (const entry of sorted) {
    leaves.at(-1)?.push(entry);
    if (hash(entry[0]).startsWith('0') || hash(entry[0]).startsWith('1') || hash(entry[0]).startsWith('2')) leaves.push([]);
  }
  return leaves.filter((entries) => entries.length > 0).map((entries) => ({ id: hash(JSON.stringify(entries)), entries }));
}

/** Children of each directory in their order, leaf by leaf. */
function childrenOf(tree: Tree): Map<string, (readonly [string, number])[][]> {
  const directories = new Map<string, (readonly [string, number])[][]>();
  for (const { entries } of leavesOf(tree)) {
    const fresh = new Set<string>();
    for (const entry of entries) {
      if (entry[0] === '/') continue;
      const directory = nameText(parentPath(nameBytes(entry[0])));
      const parts = directories.get(directory) ?? [];
      directories.set(directory, parts);
      if (!fresh.has(directory)) parts.push([]);
      fresh.add(directory);
      parts.at(-1)?.push(entry);
    }
  }
  return directories;
}

/** Null: not all are fine, or there are none. */
function digestOf(children: readonly (readonly [string, number])[]): Uint8Array | null {
  const digest = new ListingDigest();
  digest.start();
  for (const [path, content] of children) digest.add(macOf(path, content), false);
  return children.length === 0 || children.some(([, content]) => content === 0) ? null : digest.finish();
}

/** Digests that one could take for that of a directory: of all its children, of those up to a leaf's end, and from a leaf's begin on. */
function* candidatesOf(tree: Tree): Generator<[string, Uint8Array]> {
  for (const [directory, parts] of childrenOf(tree))
    for (let cut = 0; cut <= parts.length; cut++)
      for (const part of [parts.slice(0, cut), parts.slice(cut)]) {
        const digest = digestOf(part.flat());
        if (digest !== null) yield [directory, digest];
      }
}

class Scans {
  readonly leaves = new KnownLeaves();
  readonly listings = new TreeListings(this.leaves);
  read = 0;
  passed = 0;

  scan(tree: Tree, root: Mac): void {
    const all = leavesOf(tree);
    const order = all.map(({ id }) => (this.leaves.fine(id) >= 0 ? this.leaves.fine(id) : UNKNOWN_LEAF));
    const passes = this.leaves.count === 0 ? null : passedLeaves(order, this.leaves);
    this.listings.startTree();
    // As a check does it: all leaves are met before the first entries are told of.
    const met = all.map(({ id, entries }) => {
      const known = this.leaves.fine(id);
      if (known < 0 || passes?.has(known) !== true) return { leaf: this.leaves.read(id), entries };
      this.leaves.passOver(known);
      this.passed += 1;
      return null;
    });
    for (const one of met) {
      if (one === null) continue;
      this.read += 1;
      for (const [path, content] of one.entries)
        this.listings.note({ path: nameBytes(path), mac: macOf(path, content), isDirectory: content === 0 ? null : false }, one.leaf);
      if (one.entries.every(([, content]) => content !== 0)) this.leaves.setFine(one.leaf, one.entries.length);
    }
    this.listings.endTree(root, true);
  }
}

/** Directories of one or two leaves. */
const small = fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 9 })).map(([directory, file]) => `/d${directory}/f${file}`);
/** Directories of many leaves; one of them is the last of the tree. */
const large = fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 150 })).map(([directory, file]) => `/l${directory}/f${file}`);
/** What comes behind all else in one of these. */
const last = fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 3 })).map(([directory, file]) => `/l${directory}/z${file}`);
const somePath = fc.oneof(small, large);
const change = fc.record({ path: fc.oneof(small, large, last), content: fc.option(fc.integer({ min: 0, max: 5 }), { nil: null }) });

it('what is known of directories from other trees is true of each tree, whatever changed between them', () => {
  let told = 0;
  let passed = 0;
  let right = 0;
  fc.assert(
    fc.property(
      fc.array(somePath, { minLength: 100, maxLength: 500 }),
      fc.array(fc.array(change, { maxLength: 3 }), { minLength: 2, maxLength: 6 }),
      (paths, steps) => {
        const scans = new Scans();
        let tree: Tree = new Map([['/', 1] as const, ...paths.map((path) => [path, 1] as const)]);
        const seen = new Map<string, [string, Uint8Array]>();
        for (const [number, changes] of [[], ...steps].entries()) {
          const next = new Map(tree);
          for (const { path, content } of changes) content === null ? next.delete(path) : next.set(path, content);
          tree = next;
          const root = hash(`root ${number}`);
          const digests = new Map([...childrenOf(tree)].map(([directory, parts]) => [directory, digestOf(parts.flat())]));
          for (const candidate of candidatesOf(tree)) seen.set(`${candidate[0]} ${Buffer.from(candidate[1]).toString('hex')}`, candidate);
          scans.scan(tree, root);
          for (const [directory, digest] of seen.values()) {
            const truth = digests.get(directory);
            const isTrue = truth !== null && truth !== undefined && Buffer.compare(truth, digest) === 0;
            const isKnown = scans.listings.has(root, nameBytes(directory), digest);
            if (isKnown) expect(isTrue, `${directory} in tree ${number}`).toBe(true);
            if (isTrue) right += 1;
            if (isKnown) told += 1;
            const listing = hash(`listing ${directory} ${Buffer.from(digest).toString('hex')}`);
            if (scans.listings.isProven(root, nameBytes(directory), listing)) expect(isTrue).toBe(true);
            if (isKnown) scans.listings.setProven(nameBytes(directory), listing);
          }
          for (const [directory, digest] of seen.values()) expect(scans.listings.has(hash('another root'), nameBytes(directory), digest)).toBe(false);
        }
        passed += scans.passed;
      },
    ),
    { numRuns: 250 },
  );
  // It is worth it: most of what is true is known, and many leaves were not read.
  expect(told).toBeGreaterThan(right * 0.95);
  expect(passed).toBeGreaterThan(1000);
});
