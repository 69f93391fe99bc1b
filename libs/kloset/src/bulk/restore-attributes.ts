import { fchmodSync, fchownSync, futimesSync, lchownSync, lutimesSync } from 'node:fs';
import { isExactText } from '@wardrobe/kloset-model';
import { InvalidInputError, KlosetError, NotFoundError } from '../errors/errors.js';
import type { Entry, Snapshot } from '../snapshot/types.js';
import { localError } from './local-error.js';
import type { AttributeCalls } from './pipeline/make-request.js';
import type { RestoreProblem } from './restore-types.js';
import type { XattrValue } from './xattr-table.js';

/** Takes what could not be set; the entry itself stands. */
export type Warn = (what: RestoreProblem['what'], error: KlosetError) => void;
export type Attributes = { readonly owners: boolean; readonly modes: boolean; readonly setuid: boolean; readonly warn: Warn };

const PLAIN_MODE = 0o777;
const SET_IDS = 0o6000;

/** Largest id that chown takes. */
const MAX_ID = 0xffff_fffe;

/**
 * Seconds for utimes. Node has no call that takes nanoseconds: it hands the system whole microseconds, cut towards zero from a double. The middle of the
 * microsecond is what survives the double's own error, up to the year 2106 exactly. As text, because negative numbers are taken for "now".
 */
function seconds(timeNs: bigint): string {
  const cut = timeNs / 1000n;
  const microsecond = cut * 1000n > timeNs ? cut - 1n : cut;
  const middleNs = microsecond * 1000n + (microsecond < 0n ? -500n : 500n);
  const whole = middleNs / 1_000_000_000n;
  return String(Number(whole) + Number(middleNs - whole * 1_000_000_000n) / 1e9);
}

/** @returns whether it was set */
function attempt(what: RestoreProblem['what'], context: { readonly entry: Entry; readonly warn: Warn }, set: () => void): boolean {
  try {
    set();
    return true;
  } catch (error) {
    context.warn(what, localError(error, context.entry.path.text));
    return false;
  }
}

function ownerOf(entry: Entry): readonly [number, number] {
  if (entry.uid > MAX_ID || entry.gid > MAX_ID) throw new InvalidInputError(`owner ${entry.uid}:${entry.gid} is beyond what this system takes`);
  return [Number(entry.uid), Number(entry.gid)];
}

/** What a mode becomes on disk. */
export function wantedMode(entry: Entry, setuid: boolean): number {
  return setuid ? entry.permissions : entry.permissions & PLAIN_MODE;
}

/** The mode to make a file with, so that nothing is left to set; null when its mode must be set afterwards. */
export function modeAtOnce(entry: Entry, attributes: Attributes): number | null {
  const mode = wantedMode(entry, attributes.setuid);
  return attributes.modes && mode <= PLAIN_MODE && (mode & process.umask()) === 0 ? mode : null;
}

/** `asMade`: what the file was made with and need not be set again. The calls are synchronous: through the pool each costs several times as much. */
export type Target = { readonly fd: number; readonly asMade?: { readonly mode: number | null; readonly ownerIsOurs: boolean } | undefined };

/**
 * The owner comes first: changing it takes setuid and file capabilities away.
 * @returns whether the owner stands as wanted, so that setuid and setgid mean what they meant
 */
export function setOwner(target: Target, entry: Entry, attributes: Attributes): boolean {
  if (!attributes.owners) return standsForOurs(entry, attributes);
  if (target.asMade?.ownerIsOurs === true && isOurs(entry)) return true;
  return attempt('owner', { entry, warn: attributes.warn }, () => fchownSync(target.fd, ...ownerOf(entry)));
}

function isOurs(entry: Entry): boolean {
  return entry.uid === BigInt(process.geteuid?.() ?? -1) && entry.gid === BigInt(process.getegid?.() ?? -1);
}

/** Owners are not set: a program that ran as somebody else would run as us, for everybody. */
function standsForOurs(entry: Entry, { modes, setuid, warn }: Attributes): boolean {
  if ((entry.permissions & SET_IDS) === 0 || entry.type === 'directory' || !modes || !setuid || isOurs(entry)) return true;
  warn('mode', new InvalidInputError(`${entry.path.text} was restored without setuid and setgid: its owner ${entry.uid}:${entry.gid} is not set`));
  return false;
}

/** After owner, content and extended attributes. `isOwned` false: the owner is another than it was, so setuid and setgid would give away that one's rights. */
export function setModeAndTime(target: Target, entry: Entry, attributes: Attributes & { readonly isOwned: boolean }): void {
  const context = { entry, warn: attributes.warn };
  const mode = wantedMode(entry, attributes.setuid) & (attributes.isOwned ? ~0 : ~SET_IDS);
  if (attributes.modes && (target.asMade?.mode ?? null) !== mode) attempt('mode', context, () => fchmodSync(target.fd, mode));
  attempt('mtime', context, () => futimesSync(target.fd, seconds(entry.mtimeNs), seconds(entry.mtimeNs)));
}

/**
 * What `setOwner` and `setModeAndTime` do to a file, as calls for a thread; null where they may have something to warn of without a call failing.
 */
export function attributeCalls(asMade: NonNullable<Target['asMade']>, entry: Entry, attributes: Attributes): AttributeCalls | null {
  const { owners, modes, setuid } = attributes;
  if (owners ? entry.uid > MAX_ID || entry.gid > MAX_ID : (entry.permissions & SET_IDS) !== 0) return null;
  const isOwnerSet = owners && !(asMade.ownerIsOurs && isOurs(entry));
  const mode = wantedMode(entry, setuid);
  return {
    owner: isOwnerSet ? [Number(entry.uid), Number(entry.gid)] : null,
    mode: modes && asMade.mode !== mode ? mode : null,
    seconds: Number(seconds(entry.mtimeNs)),
  };
}

/** A link has no mode of its own. */
export function setLinkOwner(path: Buffer, entry: Entry, { owners, warn }: Attributes): void {
  if (owners) attempt('owner', { entry, warn }, () => lchownSync(path, ...ownerOf(entry)));
}

/** After its extended attributes. */
export function setLinkTime(path: Buffer, entry: Entry, { warn }: Attributes): void {
  attempt('mtime', { entry, warn }, () => lutimesSync(path, seconds(entry.mtimeNs), seconds(entry.mtimeNs)));
}

type XattrModule = { setAttribute(path: string, name: string, value: Buffer): Promise<void> };
let xattrModule: XattrModule | null | undefined;

/** The optional native module, or null where it is not installed. */
async function loadXattrModule(): Promise<XattrModule | null> {
  if (xattrModule !== undefined) return xattrModule;
  try {
    xattrModule = await import('@napi-rs/xattr');
  } catch (error) {
    // Optional: without it the values are reported as not restored, one by one.
    if (!(error instanceof Error)) throw error;
    xattrModule = null;
  }
  return xattrModule;
}

/** A value larger than this is no extended attribute of any file system here. */
const MAX_VALUE_BYTES = 1 << 20;

/** Sets the attributes that the entry lists, those of a link on the link itself (Linux lets links bear no `user.` ones); a value that the snapshot lost is a warning (02-snapshot 9.4). `path` must be valid UTF-8. */
export async function setXattrs(
  target: { readonly path: Buffer; readonly snapshot: Snapshot; readonly values: readonly XattrValue[] },
  entry: Entry,
  warn: Warn,
): Promise<void> {
  if (entry.extendedAttributes.length === 0) return;
  const native = await loadXattrModule();
  for (const name of entry.extendedAttributes) {
    const value = target.values.find((candidate) => Buffer.compare(candidate.name.bytes, name.bytes) === 0);
    try {
      if (native === null) throw new InvalidInputError(`the attribute ${name.text} was not set: the module for attributes is not installed`);
      if (value === undefined) throw new NotFoundError('path', `value of attribute ${name.text}`);
      if (!isExactText(target.path) || !isExactText(name.bytes)) throw new InvalidInputError(`the attribute ${name.text} was not set: its name is not UTF-8`);
      await native.setAttribute(target.path.toString('utf8'), name.text, await readValue(target.snapshot, value));
    } catch (error) {
      warn('xattr', error instanceof KlosetError ? error : nativeError(error, name.text));
    }
  }
}

async function readValue(snapshot: Snapshot, value: XattrValue): Promise<Buffer> {
  const object = await snapshot.object(value.object);
  if (object.sizeBytes > MAX_VALUE_BYTES) throw new InvalidInputError(`the attribute ${value.name.text} has ${object.sizeBytes} bytes`);
  const pieces: Uint8Array[] = [];
  for await (const piece of snapshot.content(object)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The native module throws plain errors with the system's text. */
function nativeError(error: unknown, name: string): KlosetError {
  if (!(error instanceof Error)) throw error;
  return new InvalidInputError(`the attribute ${name} was not set: ${error.message}`, { cause: error });
}
