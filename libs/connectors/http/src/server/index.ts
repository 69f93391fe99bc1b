export { type Answered, storeHandler, type ServedStore } from './handler.js';
export { type ListeningServer, type ListenOptions, listenStore } from './listen.js';
