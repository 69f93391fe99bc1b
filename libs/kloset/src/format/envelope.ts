import * as bin from '../codec/binary.js';
import { about, decode, encode, type Infer } from '../codec/codec.js';
import { checkVersion, V1_0_0, V1_1_0 } from '../codec/version.js';
import { concatBytes, equalBytes } from '../bytes/bytes.js';
import { DecodeError, IntegrityError, type Place } from '../errors/errors.js';

/** What wraps every stored file: header, body, 32-byte keyed hash of both. @source 01-store 2.1 */

export const HEADER_BYTES = 16;
export const FOOTER_BYTES = 32;

export const RESOURCE_TYPE = { config: 1, lock: 2, state: 3, packfile: 4 } as const;
export type ResourceName = keyof typeof RESOURCE_TYPE;

/** Highest version of each file that this program reads. @source 01-store 1.3 */
export const KNOWN_VERSION: Readonly<Record<ResourceName, number>> = { config: V1_0_0, lock: V1_0_0, state: V1_1_0, packfile: V1_0_0 };

const MAGICS = ['_KLOSET_', '_PLAKAR_'];

export const envelopeHeader = bin.struct('envelope header', {
  magic: about(bin.bytes(8), 'ASCII _KLOSET_; _PLAKAR_ is read too'),
  type: about(bin.u32, '1 config, 2 lock, 3 state, 4 packfile'),
  version: about(bin.u32, 'major<<16 | minor<<8 | patch'),
});
export type EnvelopeHeader = Infer<typeof envelopeHeader>;

/** Keyed hash of the whole of `bytes`. */
export type HashBytes = (bytes: Uint8Array) => Uint8Array;

/**
 * Magic, type and version of a wrapped file, in this order, from its first 16 bytes.
 * @throws DecodeError not such a file; UnsupportedVersionError newer than known
 */
export function readEnvelopeHeader(name: ResourceName, bytes: Uint8Array, place: Place = {}): EnvelopeHeader {
  const header = decode(envelopeHeader, bytes.subarray(0, HEADER_BYTES), place);
  if (!MAGICS.includes(Buffer.from(header.magic).toString('latin1'))) throw new DecodeError(name, 'does not begin with _KLOSET_', place);
  if (header.type !== RESOURCE_TYPE[name]) throw new DecodeError(name, `the file says it is of type ${header.type}, not ${RESOURCE_TYPE[name]}`, place);
  checkVersion(place.file === undefined ? name : `${name} ${place.file}`, header.version, KNOWN_VERSION[name]);
  return header;
}

export type Opened = { readonly version: number; readonly body: Uint8Array; readonly footer: Uint8Array };

/**
 * Body of a wrapped file whose footer has been verified. The version is looked at first, so that a newer format is told from damage.
 * @throws DecodeError, UnsupportedVersionError, IntegrityError the footer differs
 */
export function openEnvelope(name: ResourceName, file: Uint8Array, options: { readonly hash: HashBytes; readonly place?: Place }): Opened {
  const place = options.place ?? {};
  if (file.length < HEADER_BYTES + FOOTER_BYTES) throw new DecodeError(name, `${file.length} bytes are too few for a file of a store`, place);
  const header = readEnvelopeHeader(name, file, place);
  const end = file.length - FOOTER_BYTES;
  const footer = file.subarray(end);
  if (!equalBytes(options.hash(file.subarray(0, end)), footer)) throw new IntegrityError(name, 'its footer differs from its bytes', place);
  return { version: header.version, body: file.subarray(HEADER_BYTES, end), footer };
}

/** The 16 bytes that begin a file. */
export function writeEnvelopeHeader(name: ResourceName, version: number): Uint8Array {
  return encode(envelopeHeader, { magic: Buffer.from('_KLOSET_', 'latin1'), type: RESOURCE_TYPE[name], version });
}

/** Header, body and footer as one file. */
export function wrapEnvelope(name: ResourceName, body: Uint8Array, options: { readonly version: number; readonly hash: HashBytes }): Uint8Array {
  const covered = concatBytes([writeEnvelopeHeader(name, options.version), body]);
  return concatBytes([covered, options.hash(covered)]);
}
