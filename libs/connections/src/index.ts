export * from './catalog.js';
export * from './connectors.js';
export type { OwnStores } from './own-stores.js';
export * from './open.js';
export * from './passphrase.js';
export * from './probe.js';
export * from './resolve.js';
export * from './secrets.js';
export type * from './surroundings.js';
