/** The port that every connector implements, under the engine's own name for it. */
export type { ForeignFile, ListedItem, ReadOptions, ResourceKind, Store, WritableStore, WriteOptions } from '@wardrobe/store-connector';
