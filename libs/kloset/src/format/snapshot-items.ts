import { about } from '../codec/codec.js';
import * as mp from '../codec/msgpack.js';
import { map } from '../codec/msgpack-map.js';
import { V1_0_0 } from '../codec/version.js';

/** What could not be backed up and why; blob type 15. `name` is a path. @source 02-snapshot 3.5 */
export const errorItem = about(
  map('error-item', { version: mp.version('error item', V1_0_0), name: mp.str, error: mp.str }),
  'A path that could not be backed up, with the reason.',
);

/** One extended attribute; blob type 18. `type`: 0 attribute, 1 alternate stream, 2 custom. @source 02-snapshot 3.6 */
export const xattrItem = about(
  map('xattr-item', { version: mp.version('xattr item', V1_0_0), path: mp.str, name: mp.str, size: mp.i64, type: mp.u8, object: mp.mac }),
  'An extended attribute of one path; its value is an ordinary object.',
);
