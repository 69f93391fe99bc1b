import { type Connector, INTERFACE_VERSION, InvalidInputError } from '@wardrobe/store-connector';
import { fsStore } from './fs-store.js';

/** Stores in folders of this machine. @source 01-store 3.1 */
export const fsConnector: Connector = {
  name: 'fs',
  title: 'Folder',
  description: 'A folder of the machine that runs this program.',
  schemes: ['fs'],
  interfaceVersion: INTERFACE_VERSION,
  example: '/srv/kloset/etc',
  options: [],
  open({ location, options }) {
    const [name] = Object.keys(options);
    if (name !== undefined) throw new InvalidInputError(`a store in a folder has no options: '${name}' was given for ${location.rest}`);
    return fsStore(location.rest);
  },
};
