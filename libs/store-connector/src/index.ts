export * from './addresses.js';
export { collectGarbage, collectYoung } from './collect-garbage.js';
export * from './connector.js';
export * from './errors.js';
export * from './location.js';
export { checkOptions } from './options.js';
export { Stops } from './stops.js';
export * from './store.js';
