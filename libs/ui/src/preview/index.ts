export * from './kind.js';
export * from './preview-panel.js';
export * from './reader.js';
