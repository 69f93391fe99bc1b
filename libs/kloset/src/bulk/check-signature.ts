import { createPublicKey, verify } from 'node:crypto';
import type { SnapshotId } from '@wardrobe/kloset-model';
import { asBuffer, macToBytes } from '../bytes/bytes.js';
import { decode } from '../codec/codec.js';
import { IntegrityError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { snapshotHeader } from '../format/snapshot-header.js';
import type { SnapshotSource } from '../snapshot/source.js';

/** What precedes the 32 bytes of an Ed25519 key in its DER form. @source RFC 8410 */
const ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;

/**
 * Ed25519 over the MAC of the header's stored bytes.
 * @throws IntegrityError the signature does not fit; NotFoundError there is none
 * @source 02-snapshot 1.3
 */
export async function checkSignature(source: SnapshotSource, id: SnapshotId, signal: AbortSignal | undefined): Promise<void> {
  const bytes = await source.get(SNAPSHOT_BLOB.header, id, { signal });
  const key = decode(snapshotHeader, bytes).identity.public_key;
  if (key === null || key.length !== KEY_BYTES)
    throw new IntegrityError(`snapshot ${id}`, 'signed, without a usable public key', { kind: 'signature', file: id });
  const signature = await source.get(SNAPSHOT_BLOB.signature, id, { signal });
  const publicKey = createPublicKey({ key: Buffer.concat([ED25519_PREFIX, key]), format: 'der', type: 'spki' });
  if (!verify(null, macToBytes(source.mac(bytes)), publicKey, asBuffer(signature)))
    throw new IntegrityError(`snapshot ${id}`, 'its signature does not fit its header', { kind: 'signature', file: id });
}
