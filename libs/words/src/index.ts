export * from './cells.js';
export * from './codes.js';
export * from './findings.js';
export * from './causes.js';
export * from './cause-sentences.js';
export * from './error-sentences.js';
export * from './next-steps.js';
export * from './numbers.js';
