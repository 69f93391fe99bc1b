export * from './bin.js';
export * from './cells.js';
export * from './colours.js';
export * from './decode.js';
export * from './paint.js';
export * from './profiles.js';
