export { fsConnector } from './connector.js';
export { fsStore } from './fs-store.js';
