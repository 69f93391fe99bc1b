export { sftpConnector } from './sftp-connector.js';
