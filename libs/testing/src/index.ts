export * from './damage.js';
export * from './fixtures.js';
export * from './fuzz.js';
export * from './random.js';
