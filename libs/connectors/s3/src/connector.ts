import { type Connector, INTERFACE_VERSION } from '@wardrobe/store-connector';
import { DEFAULT_TUNING, type S3Tuning } from './line.js';
import { S3_OPTIONS } from './options.js';
import { s3Store } from './s3-store.js';
import { readSettings } from './settings.js';

/** Stores in buckets of S3 servers. Nothing is contacted before a store's first call. */
export const s3Connector: Connector = {
  name: 's3',
  title: 'S3',
  description: 'A bucket of Amazon S3 or of a server that speaks its protocol: MinIO, Ceph, R2, B2, Wasabi, Garage.',
  schemes: ['s3'],
  interfaceVersion: INTERFACE_VERSION,
  example: 's3://s3.eu-west-1.amazonaws.com/bucket/prefix',
  options: S3_OPTIONS,
  open: (input) => s3Store(readSettings(input), tuningFor(input.host.patienceMs)),
};

function tuningFor(patienceMs = Number.POSITIVE_INFINITY): S3Tuning {
  const { patienceMs: usual, firstPatienceMs } = DEFAULT_TUNING;
  return { ...DEFAULT_TUNING, patienceMs: Math.min(usual, patienceMs), firstPatienceMs: Math.min(firstPatienceMs, patienceMs) };
}
