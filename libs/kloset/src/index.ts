export * from './errors/errors.js';
export * from './repository/types.js';
export * from './snapshot/types.js';
export * from './store/store.js';
export * from './repository/remote-facts.js';
