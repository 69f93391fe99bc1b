export { type MemorySource, memorySource } from './memory-source.js';
export { type BuildEntry, type BuildOptions, buildSnapshot } from './snapshot-builder.js';
export { type BlobSink, writeTree } from './tree-writer.js';
export { lcg, type VectorStore, vectorStores } from './vectors.js';
