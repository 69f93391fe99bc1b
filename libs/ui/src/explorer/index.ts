export * from './crumbs.js';
export * from './entry-words.js';
export * from './explorer-view.js';
