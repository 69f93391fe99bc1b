import * as bin from '../codec/binary.js';
import { about, type Infer } from '../codec/codec.js';

/** Records inside a packfile's body. @source 01-store 4.2, 4.3 */

export const packfileIndexRecord = bin.struct('packfile index record', {
  type: bin.u32,
  version: bin.u32,
  id: bin.mac,
  offset: about(bin.size64, 'from the start of the body, 16 bytes behind the start of the file'),
  lengthBytes: about(bin.u32, 'as stored'),
  flags: about(bin.u32, 'always 0'),
});
export type PackfileIndexRecord = Infer<typeof packfileIndexRecord>;

export const packfileFooter = bin.struct('packfile footer', {
  timestamp: about(bin.i64, 'ns; some writers give seconds: below 10^12 it is taken as seconds'),
  count: about(bin.u32, 'number of index records'),
  indexOffset: about(bin.size64, 'total size of all blobs'),
  indexMac: about(bin.mac, 'MAC of the decoded index'),
  flags: about(bin.u32, 'always 0'),
});
