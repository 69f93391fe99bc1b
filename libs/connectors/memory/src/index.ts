export { copyToMemory, type MemoryStore, memoryStore } from './memory-store.js';
