export * from './damage.js';
export * from './fixtures.js';
export * from './random.js';
