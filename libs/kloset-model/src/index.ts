export * from './byte-names.js';
export * from './ids.js';
export * from './modes.js';
export * from './percent.js';
export * from './snapshot-path.js';
export * from './words.js';
