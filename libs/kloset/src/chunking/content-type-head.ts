/** The first bytes of a content, as a detector of types looks at them. */
export type Head = {
  /** A character a byte (Latin-1). */
  readonly text: string;
  /** False when the content may go on behind the head. */
  readonly whole: boolean;
};

/** One type: what its contents look like, and more precise types of the same look, tried in order. */
export type TypeRule = {
  readonly type: string;
  /** The bytes a content of this type may start with; absent when any may. */
  readonly first?: string;
  /** Of a type told by them alone. */
  readonly signatures?: readonly string[];
  readonly matches: (head: Head) => boolean;
  readonly children?: readonly TypeRule[];
};

/** A type told by how its contents start. */
export function starts(type: string, ...signatures: readonly string[]): TypeRule {
  const first = signatures.map((signature) => signature.charAt(0)).join('');
  return { type, first, signatures, matches: ({ text }) => signatures.some((signature) => text.startsWith(signature)) };
}

/** A type told by bytes at a fixed place. */
export function at(type: string, place: number, ...signatures: readonly string[]): TypeRule {
  return { type, matches: ({ text }) => signatures.some((signature) => text.startsWith(signature, place)) };
}

/** A type told by its first byte or bytes and a further look. */
export function when(type: string, first: string, matches: (text: string, head: Head) => boolean): TypeRule {
  return { type, first, matches: (head) => matches(head.text, head) };
}

export function withChildren(rule: TypeRule, ...children: readonly TypeRule[]): TypeRule {
  return { ...rule, children };
}

/** NaN beyond the end, which no comparison holds for. */
export function u16le(text: string, place: number): number {
  return text.charCodeAt(place) + text.charCodeAt(place + 1) * 0x100;
}

export function u16be(text: string, place: number): number {
  return text.charCodeAt(place) * 0x100 + text.charCodeAt(place + 1);
}

export function u32le(text: string, place: number): number {
  return u16le(text, place) + u16le(text, place + 2) * 0x10000;
}

export function u32be(text: string, place: number): number {
  return u16be(text, place) * 0x10000 + u16be(text, place + 2);
}

/** Whether the character at a place is one of some. */
export function oneOf(text: string, place: number, characters: string): boolean {
  return place < text.length && characters.includes(text.charAt(place));
}

/** A set of bytes, given as ranges with both ends; 1 for a member. */
export function byteSet(...ranges: readonly (readonly [from: number, to: number])[]): Uint8Array {
  const members = new Uint8Array(256);
  for (const [from, to] of ranges) members.fill(1, from, to + 1);
  return members;
}

export function hasOnly(text: string, members: Uint8Array): boolean {
  for (let index = 0; index < text.length; index += 1) if (members[text.charCodeAt(index)] !== 1) return false;
  return true;
}

export function hasAny(text: string, members: Uint8Array): boolean {
  for (let index = 0; index < text.length; index += 1) if (members[text.charCodeAt(index)] === 1) return true;
  return false;
}
