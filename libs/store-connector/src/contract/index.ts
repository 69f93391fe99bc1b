export * from './contract-items.js';
export * from './store-contract.js';
export * from './writable-contract.js';
