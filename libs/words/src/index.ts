export * from './cells.js';
export * from './codes.js';
export * from './findings.js';
