export { type MemorySource, memorySource } from './memory-source.js';
export { feedSnapshot, type MemorySink, memorySink, rebuildSnapshot } from './rebuild.js';
export { type BuildEntry, type BuildOptions, buildSnapshot } from './snapshot-builder.js';
export { FAULT_KINDS, type FaultKind, type FaultyStore, faultyStore } from './faulty-store.js';
export { type Keystream, keystream } from './keystream.js';
export { createStoreWriter, type StoreWriter, type StoreWriterOptions } from './store-writer.js';
export { storeObject, type StoredObject } from './stored-object.js';
export { type BlobSink, writeTree } from './tree-writer.js';
export { lcg, type VectorStore, vectorStores } from './vectors.js';
