import { checkOptions, type Connector, INTERFACE_VERSION } from '@wardrobe/store-connector';
import { FlatStore } from './flat-store.js';

/** An example: stores in a folder without folders below it. `open` contacts nobody, and refuses options that it does not know. */
export const flatConnector: Connector = {
  name: 'flat',
  title: 'Flat folder',
  description: 'A folder of this machine, with all files of the store side by side.',
  schemes: ['flat'],
  interfaceVersion: INTERFACE_VERSION,
  example: 'flat:/srv/flat',
  options: [],
  open({ location, options }) {
    checkOptions('flat', [], options);
    return new FlatStore(location.rest);
  },
};
