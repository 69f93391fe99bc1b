import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from './fixtures.js';
import type { Oracle } from './oracle.js';
import { type SeededRandom, seededRandom } from './random.js';

/** One path of a tree to make; `path` is relative and raw bytes. Parents stand before children. */
export type TreeNode = {
  readonly path: Uint8Array;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo' | 'socket';
  /** With set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  /** Of a symlink its text; of a hard link the path of the first name. */
  readonly target?: Uint8Array;
  readonly content?: TreeContent;
  readonly xattrs?: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[];
};

export type TreeContent =
  | { readonly fill: 'inline'; readonly data: Uint8Array }
  | { readonly fill: 'random' | 'text' | 'sparse'; readonly sizeBytes: number; readonly seed: number };

/** What a generated tree is about; a number of trees goes through them in turn. */
export const TREE_SHAPES = ['mixed', 'names', 'deep', 'wide', 'empty', 'large', 'links', 'xattrs', 'modes', 'times', 'contents'] as const;
export type TreeShape = (typeof TREE_SHAPES)[number];

export type TreeOptions = {
  readonly seed: number;
  readonly shape: TreeShape;
  /** Owners other than the current user's need root. */
  readonly owners: boolean;
};

/** A tree that follows from its seed alone. */
export function makeTree(options: TreeOptions): readonly TreeNode[] {
  const builder = new TreeBuilder(seededRandom(options.seed * 977 + TREE_SHAPES.indexOf(options.shape)), options.owners);
  SHAPES[options.shape](builder);
  return builder.nodes;
}

/** Makes a tree on the disk, below a folder that is new or empty. */
export async function plantTree(by: Oracle, nodes: readonly TreeNode[], to: string): Promise<void> {
  const list = join(await temporaryFolder('tree'), 'nodes.jsonl');
  await writeFile(list, nodes.map((node) => `${JSON.stringify(asPlanted(node))}\n`).join(''));
  await by.plant(list, to);
}

const SECOND_NS = 1_000_000_000n;

function asPlanted(node: TreeNode): Record<string, unknown> {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const { content } = node;
  const nanoseconds = ((node.mtimeNs % SECOND_NS) + SECOND_NS) % SECOND_NS;
  return {
    path: base64(node.path),
    type: node.type,
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    seconds: String((node.mtimeNs - nanoseconds) / SECOND_NS),
    nanoseconds: Number(nanoseconds),
    target: node.target === undefined ? undefined : base64(node.target),
    fill: content?.fill,
    data: content?.fill === 'inline' ? base64(content.data) : undefined,
    size: content === undefined || content.fill === 'inline' ? undefined : content.sizeBytes,
    seed: content === undefined || content.fill === 'inline' ? undefined : content.seed,
    xattrs: (node.xattrs ?? []).map(({ name, value }) => ({ name: base64(name), value: base64(value) })),
  };
}

const YEAR_2000_NS = 946_684_800n * SECOND_NS;
const YEARS_25_S = 788_000_000;

class TreeBuilder {
  readonly nodes: TreeNode[] = [];
  private readonly taken = new Set<string>();

  constructor(
    readonly random: SeededRandom,
    private readonly owners: boolean,
  ) {}

  /** Adds a node, and answers the path it got: null when the name is taken. */
  add(path: Uint8Array, node: Partial<TreeNode> & Pick<TreeNode, 'type'>): Uint8Array | null {
    const key = Buffer.from(path).toString('latin1');
    if (this.taken.has(key)) return null;
    this.taken.add(key);
    const owner = this.owners && this.random.below(3) === 0;
    const mtimeNs = YEAR_2000_NS + BigInt(this.random.below(YEARS_25_S)) * SECOND_NS + BigInt(this.random.below(1_000_000_000));
    const uid = owner ? this.random.below(70_000) : (process.getuid?.() ?? 0);
    const gid = owner ? this.random.below(70_000) : (process.getgid?.() ?? 0);
    this.nodes.push({ path, mode: node.type === 'directory' ? 0o755 : 0o644, uid, gid, mtimeNs, ...node });
    return path;
  }

  directory(path: Uint8Array, node: Partial<TreeNode> = {}): Uint8Array {
    this.add(path, { type: 'directory', ...node });
    return path;
  }

  file(path: Uint8Array, content: TreeContent = this.small(), node: Partial<TreeNode> = {}): Uint8Array | null {
    return this.add(path, { type: 'file', content, ...node });
  }

  small(): TreeContent {
    const fill = this.random.pick(['random', 'text', 'text'] as const);
    return { fill, sizeBytes: this.random.pick([0, 1, 7, 100, 511, 512, 513, 4096, 20_000]), seed: this.random.below(1 << 30) };
  }
}

const text = (value: string) => Buffer.from(value, 'utf8');

function below(parent: Uint8Array | string, name: Uint8Array | string): Uint8Array {
  const bytes = (value: Uint8Array | string) => (typeof value === 'string' ? text(value) : value);
  const head = bytes(parent);
  return head.length === 0 ? bytes(name) : Buffer.concat([head, text('/'), bytes(name)]);
}

/** Names that break programs: not UTF-8, controls, look-alikes, orders that differ between bytes and UTF-16. */
const HARD_NAMES: readonly Uint8Array[] = [
  ...[
    'café',
    'cafe\u0301',
    '日本語',
    '\u{1F5C4} archive',
    '\uFFFD',
    '\u{10000}',
    '\uFF5E',
    'a\nb',
    'tab\there',
    'quote"\'',
    ' leading',
    'trailing ',
    '-rf',
  ].map(text),
  ...[
    '...',
    '..a',
    '\u0001\u007f',
    'C:\\file',
    'back\\slash',
    '~',
    '%2e%2e',
    '*',
    '?',
    '[a]',
    '$HOME',
    'x'.repeat(255),
    '\u200b',
    '\u202etxt.exe',
    'İ',
    'ß',
    'CON',
  ].map(text),
  ...['fffe80', '636166e9', 'c328', 'eda080', 'f4908080', 'c0ae', 'ff', '80', 'a1b2c3'].map((hex) => Buffer.from(hex, 'hex')),
];

const SHAPES: Readonly<Record<TreeShape, (builder: TreeBuilder) => void>> = {
  mixed,
  names,
  deep,
  wide,
  empty: (builder) => builder.directory(text('nothing here')),
  large,
  links,
  xattrs,
  modes,
  times,
  contents,
};

function mixed(builder: TreeBuilder): void {
  const { random } = builder;
  const directories: Uint8Array[] = [text('')];
  for (let index = 0; index < 12 + random.below(30); index += 1) {
    const parent = random.pick(directories);
    const name = random.below(4) === 0 ? random.pick(HARD_NAMES) : text(`item ${random.below(500)}`);
    const path = below(parent, name);
    const kind = random.below(10);
    if (kind < 3) {
      const made = builder.add(path, { type: 'directory' });
      if (made !== null) directories.push(made);
    } else if (kind === 3) builder.add(path, { type: 'symlink', target: random.pick(HARD_NAMES) });
    else if (kind === 4) builder.add(path, { type: random.pick(['fifo', 'socket'] as const) });
    else builder.file(path);
  }
}

function names(builder: TreeBuilder): void {
  const { random } = builder;
  const inner = builder.directory(below('', random.pick(HARD_NAMES)));
  for (const name of random.shuffle(HARD_NAMES).slice(0, 14 + random.below(20))) {
    builder.file(below(inner, name), { fill: 'inline', data: name });
    builder.file(below('', name));
  }
  // Neighbours whose order differs between paths, names and depths.
  builder.directory(text('a'));
  builder.directory(text('a.b'));
  for (const path of ['a/b', 'a-b', 'a b', 'a.b/c', 'a0']) builder.file(text(path));
  for (let index = 0; index < 6; index += 1)
    builder.file(
      below(
        '',
        random.bytes(1 + random.below(20)).map((byte) => (byte === 0 || byte === 47 ? 0x80 : byte)),
      ),
    );
}

function deep(builder: TreeBuilder): void {
  const { random } = builder;
  let parent: Uint8Array = text('');
  for (let level = 0; level < 25 + random.below(40); level += 1) {
    parent = builder.directory(below(parent, random.below(8) === 0 ? random.pick(HARD_NAMES.slice(0, 12)) : `d${level}`));
    if (random.below(3) === 0) builder.file(below(parent, `file ${level}`));
  }
  builder.file(below(parent, 'bottom'));
}

function wide(builder: TreeBuilder): void {
  const { random } = builder;
  // Around the numbers at which the trees' nodes of 50 split.
  const count = random.pick([24, 25, 49, 50, 51, 99, 101, 300, 700]);
  builder.directory(text('crowd'));
  for (let index = 0; index < count; index += 1)
    builder.file(text(`crowd/${random.below(1 << 30).toString(36)}-${index}`), { fill: 'inline', data: text(`${index % 5}`) });
  for (let index = 0; index < random.below(60); index += 1) builder.directory(text(`directory ${index}`));
}

function large(builder: TreeBuilder): void {
  const { random } = builder;
  builder.file(text('random'), { fill: 'random', sizeBytes: 1_500_000 + random.below(3_000_000), seed: random.below(1 << 30) });
  builder.file(text('text'), { fill: 'text', sizeBytes: 500_000 + random.below(1_000_000), seed: random.below(1 << 30) });
  builder.file(text('holes'), { fill: 'sparse', sizeBytes: 3_000_000 + random.below(6_000_000), seed: random.below(1 << 30) });
  for (const sizeBytes of random.shuffle([65_535, 65_536, 65_537, 524_287, 524_288, 524_289, 1 << 20]).slice(0, 3)) {
    builder.file(text(`exactly ${sizeBytes}`), { fill: 'random', sizeBytes, seed: random.below(1 << 30) });
  }
}

function links(builder: TreeBuilder): void {
  const { random } = builder;
  builder.directory(text('one'));
  builder.directory(text('two'));
  for (let group = 0; group < 2 + random.below(4); group += 1) {
    const first = builder.file(text(`one/first ${group}`));
    for (let index = 0; index < 1 + random.below(3) && first !== null; index += 1) {
      builder.add(text(`${random.pick(['one', 'two'])}/link ${group}-${index}`), { type: 'hardlink', target: first });
    }
  }
  const targets = ['../one', '/nowhere', '.', '..', 'loop', 'x'.repeat(1000), '\u00e9'];
  for (const [index, target] of targets.entries()) builder.add(text(`two/symlink ${index}`), { type: 'symlink', target: text(target) });
  builder.add(text('two/bytes'), { type: 'symlink', target: Buffer.from('fffe2f80', 'hex') });
}

function xattrs(builder: TreeBuilder): void {
  const { random } = builder;
  const value = () => random.bytes(random.pick([0, 1, 30, 300]));
  const all = () =>
    random
      .shuffle(['user.note', 'user.a', 'user.z', 'user.x:y', 'user.é', 'user.with space', 'user.UPPER'])
      .slice(0, 1 + random.below(5))
      .map((name) => ({ name: text(name), value: value() }));
  builder.directory(text('directory'), { xattrs: all() });
  builder.directory(text('directory/inner'));
  for (let index = 0; index < 8; index += 1)
    builder.file(text(`${random.pick(['directory/inner/', 'directory/', ''])}file ${index}`), undefined, { xattrs: random.below(3) > 0 ? all() : [] });
  builder.file(below('directory', Buffer.from('ff80', 'hex')), undefined, { xattrs: all() });
  builder.add(text('file'), { type: 'hardlink', target: builder.file(text('file first'), undefined, { xattrs: all() }) ?? text('') });
}

function modes(builder: TreeBuilder): void {
  const { random } = builder;
  const odd = [0o000, 0o777, 0o4755, 0o2755, 0o6711, 0o1777, 0o7777, 0o4000, 0o2070, 0o400, 0o111];
  for (const mode of odd) builder.file(text(`file ${mode.toString(8)}`), undefined, { mode });
  for (const mode of [0o755, 0o1777, 0o2775, 0o700, 0o3777]) builder.directory(text(`directory ${mode.toString(8)}`), { mode });
  builder.add(text('directory 700/fifo'), { type: 'fifo', mode: random.pick([0o600, 0o666, 0o4755]) });
  builder.add(text('directory 700/socket'), { type: 'socket', mode: 0o755 });
}

function times(builder: TreeBuilder): void {
  const { random } = builder;
  const seconds = [
    0n,
    -1n,
    1n,
    -2_000_000_000n,
    -1_234_567_890n,
    2n ** 31n - 1n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 33n,
    10_000_000_000n,
    15_000_000_000n,
  ];
  for (const second of seconds) {
    for (const nanosecond of [0n, 1n, 999_999_999n, BigInt(random.below(1_000_000_000))]) {
      builder.file(text(`at ${second} ${nanosecond}`), { fill: 'inline', data: text('t') }, { mtimeNs: second * SECOND_NS + nanosecond });
    }
  }
  builder.directory(text('directory'), { mtimeNs: -123_456_789n });
  builder.add(text('directory/link'), { type: 'symlink', target: text('nothing'), mtimeNs: -1n });
}

function contents(builder: TreeBuilder): void {
  const { random } = builder;
  for (const [name, data] of CONTENTS) builder.file(text(name), { fill: 'inline', data });
  for (let index = 0; index < 10; index += 1) builder.file(text(`bytes ${index}`), { fill: 'inline', data: random.bytes(random.below(600)) });
}

/** Contents whose type a detector may or may not know. */
const CONTENTS: readonly (readonly [string, Uint8Array])[] = [
  ['script', text('#!/bin/sh\necho hello\n')],
  ['python', text('#!/usr/bin/env python3\nprint(1)\n')],
  ['page.html', text('<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>x</body></html>\n')],
  ['data.json', text('{"a": [1, 2, {"b": null}], "c": "d"}\n')],
  ['lines.ndjson', text('{"a": 1}\n{"a": 2}\n')],
  ['table.csv', text('a,b,c\n1,2,3\n4,5,6\n')],
  ['tree.xml', text('<?xml version="1.0"?>\n<a><b/></a>\n')],
  ['picture.svg', text('<svg xmlns="http://www.w3.org/2000/svg"></svg>\n')],
  ['latin', Buffer.from('caf\u00e9 cr\u00e8me\n', 'latin1')],
  ['utf16', Buffer.concat([Buffer.from('fffe', 'hex'), Buffer.from('hello', 'utf16le')])],
  ['utf8 with mark', Buffer.concat([Buffer.from('efbbbf', 'hex'), text('hello\n')])],
  ['png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
  ['jpeg', Buffer.from('ffd8ffe000104a464946', 'hex')],
  ['gzip', Buffer.from('1f8b0800000000000003', 'hex')],
  ['elf', Buffer.from('7f454c460201010000000000000000000200', 'hex')],
  ['pdf', text('%PDF-1.7\n')],
  ['zeros', Buffer.alloc(700)],
];
