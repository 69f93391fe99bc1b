export * from './connector.js';
export * from './errors.js';
export * from './location.js';
export { checkOptions } from './options.js';
export * from './store.js';
