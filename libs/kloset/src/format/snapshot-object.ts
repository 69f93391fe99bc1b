import { about, type Infer } from '../codec/codec.js';
import * as mp from '../codec/msgpack.js';
import { map } from '../codec/msgpack-map.js';
import { V1_0_0 } from '../codec/version.js';

/** One piece of a content, inline in its object; the chunk blob's key is `contentMAC`. @source 02-snapshot 4.2 */
export const chunk = map('chunk', { version: mp.version('chunk', V1_0_0), contentMAC: mp.mac, length: mp.u32, entropy: mp.f64, flags: mp.u32 });

/** A content as a list of chunks, blob type 7. An empty content has one chunk of length 0. @source 02-snapshot 4.1 */
export const object = about(
  map('object', {
    version: mp.version('object', V1_0_0),
    contentMAC: mp.mac,
    chunks: mp.nilable(mp.list(chunk)),
    content_type: mp.omitEmpty(mp.str),
    entropy: mp.omitEmpty(mp.f64),
    flags: mp.u32,
  }),
  'Content of a file, a directory pack or an attribute. contentMAC is the MAC of all chunk bytes in order.',
);
export type ObjectRecord = Infer<typeof object>;
