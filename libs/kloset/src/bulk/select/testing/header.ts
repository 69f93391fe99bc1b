import { byteName, type Mac, nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import type { SnapshotHeader } from '../../../snapshot/types.js';

const NONE = '0'.repeat(64) as Mac;

/** A header for tests of selection. `time` is RFC 3339; `id` is filled up with zeros. */
export function testHeader(id: string, time: string | bigint, more: Partial<SnapshotHeader> & { readonly root?: string } = {}): SnapshotHeader {
  const { root, ...rest } = more;
  return {
    id: id.padEnd(64, '0') as SnapshotId,
    timestampNs: typeof time === 'bigint' ? time : BigInt(Date.parse(time)) * 1_000_000n,
    durationNs: 0n,
    name: '',
    category: '',
    environment: '',
    perimeter: '',
    job: '',
    dataset: '',
    dataClasses: [],
    tags: [],
    context: [],
    hostname: '',
    username: '',
    machineId: '',
    operatingSystem: '',
    client: '',
    source: { type: 'fs', origin: 'alpha', directory: byteName(nameBytes(root ?? '/srv')) },
    roots: { vfs: NONE, xattrs: NONE, errors: NONE },
    indexes: [],
    summary: { sizeBytes: 0n, files: 0n, directories: 0n, symlinks: 0n, others: 0n, errors: 0n },
    signed: false,
    ...rest,
  };
}
