export * from './filter.js';
export * from './snapshot-row.js';
export * from './snapshots-view.js';
export * from './snapshot-actions.js';
export * from './selection.js';
export * from './selection-bar.js';
