export { type CacheInspection, type CachesInspection, inspectCaches, type WeakEvidence } from './inspect-caches.js';
export { type LostStateOptions, type LostStates, readLostStates } from './lost-states.js';
export { type OwnIndex, type OwnIndexReader, sightingOfOwnIndex } from './own-index.js';
export { type MachineCaches, type ReadCachesOptions, readMachineCaches } from './read-machine-caches.js';
export { buildReport, withAskedStates } from './report.js';
export type * from './types.js';
