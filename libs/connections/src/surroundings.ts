import type { ConnectorHost } from '@wardrobe/store-connector';

/** Where this program finds what it needs to open a store by its name; handed in by the app. */
export type Surroundings = {
  readonly host: ConnectorHost;
  /** Folder of our own `stores.yml`; null: stores have no names here. */
  readonly configFolder: string | null;
  /** Folder of plakar's configuration, which is only ever read. */
  readonly plakarFolder: string | null;
  /** Where installed connectors lie; null: only those that come along. */
  readonly connectorsFolder: string | null;
};
