export { ptarConnector } from './connector.js';
