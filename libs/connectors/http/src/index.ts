export { httpConnector } from './connector.js';
