import { about, type Infer } from '../codec/codec.js';
import * as mp from '../codec/msgpack.js';
import { map } from '../codec/msgpack-map.js';

const count = mp.omitEmpty(mp.u64);
const time = mp.omitEmpty(mp.i64);
const entropy = mp.omitEmpty(mp.f64);

const counters = {
  directories: count,
  files: count,
  symlinks: count,
  devices: count,
  pipes: count,
  sockets: count,
  children: count,
  setuid: count,
  setgid: count,
  sticky: count,
  objects: count,
  chunks: count,
  min_size: count,
  max_size: count,
};
const times = { min_mod_time: time, max_mod_time: time, min_entropy: entropy, max_entropy: entropy };
const kinds = {
  hi_entropy: count,
  lo_entropy: count,
  MIME_audio: count,
  MIME_video: count,
  MIME_image: count,
  MIME_text: count,
  MIME_application: count,
  MIME_other: count,
};

/** Direct children of a directory. Every member is dropped when 0, so that an empty directory has none at all. */
const directorySummary = map('summary-directory', {
  ...counters,
  avg_size: count,
  size: count,
  ...times,
  sum_entropy: entropy,
  avg_entropy: entropy,
  ...kinds,
  errors: count,
});

/** Everything deeper. `errors` is always written. */
const belowSummary = map('summary-below', { ...counters, size: count, ...times, ...kinds, errors: mp.u64 });

/** Counts of one directory: in the header for the root, in directory entries of v1.0, as blob 21 of v1.1. @source 02-snapshot 3.4 */
export const summary = about(
  map('summary', { directory: mp.omitEmpty(directorySummary), below: belowSummary }),
  'Counts of what a directory holds directly and below.',
);
export type SummaryRecord = Infer<typeof summary>;
