/** Bounds of what is read at once. */

/** Files read from the store at the same time. */
export const PARALLEL_READS = 8;
/** Parts of packfiles that one window of blobs asks for at the same time over a line: where they lie scattered, each costs a round trip. */
export const PARALLEL_RANGES_OVER_LINE = 24;
/** State files held at the same time: merging is the slower part, more would only take memory. */
export const PARALLEL_STATES = 4;
/** Above this a state is read alone. */
export const LARGE_STATE_BYTES = 4 << 20;
/** A state file; plakar's largest are aggregates of a whole store, about 45 bytes a location. */
export const STATE_LIMIT_BYTES = 1 << 30;
/**
 * What a state may unfold to: 1 MiB, and 4 bytes for each stored one. A third of every entry is an id that does not compress, so honest states stay below 3.
 */
export const STATE_UNFOLDED_BYTES = 1 << 20;
export const STATE_UNFOLDED_PER_BYTE = 4;
export const LOCK_LIMIT_BYTES = 64 << 10;
/** One stored blob: the largest are objects of huge files. */
export const BLOB_LIMIT_BYTES = 512 << 20;
/** Encoded bytes that `getMany` holds for one window of ids; two windows are held at a time. */
export const WINDOW_BYTES = 4 << 20;
export const WINDOW_IDS = 512;
/** Two blobs of a packfile are read in one go when no more than this lies between them. */
export const GAP_BYTES = 32 << 10;
export const RANGE_BYTES = 2 << 20;
/** Encoded or decoded index of one packfile. */
export const INDEX_LIMIT_BYTES = 64 << 20;
