import { about, type Infer } from '../codec/codec.js';
import * as mp from '../codec/msgpack.js';
import { map } from '../codec/msgpack-map.js';
import { V1_0_0 } from '../codec/version.js';

/** Body of a lock file, encoded as one unit. @source 01-store 6.4 */
export const lock = map('lock', {
  version: mp.version('lock', V1_0_0),
  timestamp: about(mp.timestamp, 'rewritten every 5 minutes; stale after 10'),
  hostname: mp.text,
  exclusive: about(mp.bool, 'true: maintenance; false: something that makes a snapshot'),
});
export type Lock = Infer<typeof lock>;
