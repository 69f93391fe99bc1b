import { NIL_UUID } from '../../bytes/bytes.js';
import { nameBytes } from '@wardrobe/kloset-model';
import { encode } from '../../codec/codec.js';
import { V1_0_0 } from '../../codec/version.js';
import { snapshotHeader, type SnapshotHeaderRecord } from '../../format/snapshot-header.js';
import type { StoreLine } from '../../repository/writer-types.js';
import type { NewHeader, WrittenTrees } from './types.js';

/** Bytes of a header blob in the form of a line: 15 members, or 17. Unsigned: no identity. @source 02-snapshot 1.2 */
export function headerPayload(header: NewHeader, trees: WrittenTrees, line: StoreLine): Uint8Array {
  const { source } = header;
  const record: SnapshotHeaderRecord = {
    version: V1_0_0,
    identifier: header.id,
    timestamp: header.timestampNs,
    duration: header.durationNs,
    identity: { identifier: NIL_UUID, public_key: null },
    name: nameBytes(header.name),
    category: nameBytes(header.category),
    environment: nameBytes(header.environment),
    perimeter: nameBytes(header.perimeter),
    job: nameBytes(header.job),
    replicas: 1,
    dataset: line === '1.1' ? new Uint8Array(0) : null,
    data_classes: line === '1.1' ? [] : null,
    classifications: [],
    tags: header.tags.map(nameBytes),
    context: header.context.map(({ key, value }) => ({ key: nameBytes(key), value: nameBytes(value) })),
    sources: [
      {
        importer: { type: nameBytes(source.type), origin: nameBytes(source.origin), directory: source.directory },
        context: [],
        ...treeMembers(trees),
      },
    ],
  };
  return encode(snapshotHeader, record);
}

/** The members of a header's source that name trees. */
export function treeMembers(trees: WrittenTrees): Pick<NonNullable<SnapshotHeaderRecord['sources']>[number], 'root' | 'indexes' | 'summary'> {
  return {
    root: trees.roots,
    indexes: trees.indexes.map(({ name, value }) => ({ name: nameBytes(name), type: nameBytes('btree'), value })),
    summary: trees.summary,
  };
}
