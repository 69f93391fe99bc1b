export * from './inspector.js';
export * from './matrix-view.js';
export * from './model.js';
export * from './sentences.js';
export * from './use-matrix.js';
export * from './view.js';
