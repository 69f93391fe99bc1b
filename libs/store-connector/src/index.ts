export * from './addresses.js';
export { collectGarbage, collectYoung } from './collect-garbage.js';
export * from './connector.js';
export * from './errors.js';
export * from './location.js';
export { checkOptions } from './options.js';
export { onAbort, unlessAborted } from './on-abort.js';
export { PassingBuffers } from './passing-buffers.js';
export * from './store.js';
