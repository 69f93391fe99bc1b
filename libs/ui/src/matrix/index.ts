export * from './model.js';
export * from './sentences.js';
export * from './view.js';
