import { about, type Infer } from '../codec/codec.js';
import * as mp from '../codec/msgpack.js';
import { map } from '../codec/msgpack-map.js';
import { V1_0_0 } from '../codec/version.js';
import { summary } from './snapshot-summary.js';

export const keyValue = map('key-value', { key: mp.str, value: mp.str });

/** No identity: sixteen zero bytes and nil. */
export const identity = map('identity', { identifier: mp.uuid, public_key: mp.nilable(mp.bin) });

const headerClass = map('class', { name: mp.str, probability: mp.f64 });
const headerClassification = map('classification', { analyzer: mp.str, classes: mp.nilable(mp.list(headerClass)) });

const importer = map('importer', { type: mp.str, origin: mp.str, directory: mp.str });

/** The three trees every snapshot names, also when they are empty. */
export const vfsRoots = map('vfs-roots', { root: mp.mac, xattrs: mp.mac, errors: mp.mac });

export const index = map('index', { name: mp.str, type: mp.str, value: mp.mac });

export const source = map('source', { importer, context: mp.nilable(mp.list(keyValue)), root: vfsRoots, indexes: mp.nilable(mp.list(index)), summary });

/** Header of a snapshot, blob type 5: 15 members from v1.0, with `dataset` and `data_classes` 17 from v1.1. @source 02-snapshot 1.2 */
export const snapshotHeader = about(
  map('snapshot-header', {
    version: mp.version('snapshot header', V1_0_0),
    identifier: mp.mac,
    timestamp: mp.timestamp,
    duration: mp.i64,
    identity,
    name: mp.str,
    category: mp.str,
    environment: mp.str,
    perimeter: mp.str,
    job: mp.str,
    replicas: mp.u32,
    dataset: mp.optional(mp.str),
    data_classes: mp.optional(mp.list(mp.str)),
    classifications: mp.nilable(mp.list(headerClassification)),
    tags: mp.nilable(mp.list(mp.str)),
    context: mp.nilable(mp.list(keyValue)),
    sources: mp.nilable(mp.list(source)),
  }),
  'Header of a snapshot. Its blob is stored under the random snapshot id, not under a MAC.',
);
export type SnapshotHeaderRecord = Infer<typeof snapshotHeader>;
