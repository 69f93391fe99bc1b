export { type ReadCachesOptions, type MachineCaches, readMachineCaches } from './read-machine-caches.js';
export { buildReport, withAskedStates } from './report.js';
export type * from './types.js';
