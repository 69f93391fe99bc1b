import { about, type Infer } from '../codec/codec.js';
import * as mp from '../codec/msgpack.js';
import { map } from '../codec/msgpack-map.js';
import { V1_0_0 } from '../codec/version.js';
import { summary } from './snapshot-summary.js';

/** What lstat said. `mode` is Go's os.FileMode; names are raw bytes. @source 02-snapshot 3.2 */
export const fileInfo = map('file-info', {
  name: mp.str,
  size: mp.i64,
  mode: mp.u32,
  mod_time: mp.timestamp,
  dev: mp.u64,
  ino: mp.u64,
  uid: mp.u64,
  gid: mp.u64,
  nlink: mp.u16,
  username: mp.str,
  groupname: mp.str,
  flags: mp.u32,
});

const score = map('score', { key: mp.str, value: mp.f64 });
const entryClassification = map('entry-classification', { analyzer: mp.str, classes: mp.nilable(mp.list(mp.str)), scores: mp.nilable(mp.list(score)) });
const metadata = map('custom-metadata', { key: mp.str, value: mp.nilable(mp.bin) });

/** One file, directory, link or other entry: blob type 12, and the payload of a dirpack frame. @source 02-snapshot 3.1 */
export const vfsEntry = about(
  map('vfs-entry', {
    version: mp.version('vfs entry', V1_0_0),
    parent_path: mp.str,
    file_info: fileInfo,
    summary: mp.nilable(summary),
    symlink_target: mp.omitEmpty(mp.str),
    /** Zeros for entries without content. */
    object: mp.mac,
    content_type: mp.omitEmpty(mp.str),
    entropy: mp.omitEmpty(mp.f64),
    chunks: mp.omitEmpty(mp.u64),
    alternate_data_streams: mp.omitEmpty(mp.list(mp.str)),
    security_descriptor: mp.omitEmpty(mp.bin),
    file_attributes: mp.omitEmpty(mp.u32),
    extended_attributes: mp.omitEmpty(mp.list(mp.str)),
    classifications: mp.omitEmpty(mp.list(entryClassification)),
    custom_metadata: mp.omitEmpty(mp.list(metadata)),
    tags: mp.omitEmpty(mp.list(mp.str)),
  }),
  'An entry of the file tree. The full path is parent_path joined with file_info.name.',
);
export type VfsEntryRecord = Infer<typeof vfsEntry>;
