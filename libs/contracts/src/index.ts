export * from './api.js';
export * from './jobs.js';
export * from './report.js';
export * from './procedures.js';
export * from './admin.js';
