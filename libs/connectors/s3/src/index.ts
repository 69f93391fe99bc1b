export { s3Connector } from './connector.js';
