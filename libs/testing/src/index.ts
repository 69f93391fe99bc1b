export * from './damage.js';
export * from './fixtures.js';
export * from './fuzz.js';
export * from './oracle.js';
export * from './oracle-build.js';
export * from './random.js';
export * from './trees.js';
