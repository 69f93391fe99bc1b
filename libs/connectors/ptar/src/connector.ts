import {
  checkOptions,
  type Connector,
  type ConnectorInput,
  type ConnectorOption,
  INTERFACE_VERSION,
  InvalidInputError,
  type WritableStore,
} from '@wardrobe/store-connector';
import { isAbsolute, resolve } from 'node:path';
import { localFile } from './local-file.js';
import { PtarStore } from './ptar-store.js';
import { webFile } from './web-file.js';

const OPTIONS: readonly ConnectorOption[] = [
  {
    name: 'timeout_seconds',
    title: 'Patience',
    help: 'A web server that sends nothing for so many seconds counts as gone.',
    kind: 'number',
    default: '30',
    advanced: true,
  },
];

/** Snapshots in one file, on a disk or a web server; never changed once made. @source 04-remote-stores 8 */
export const ptarConnector: Connector = {
  name: 'ptar',
  title: 'Archive (ptar)',
  description: 'One file with snapshots, made by `wardrobe ptar` or `plakar ptar`; read-only.',
  schemes: ['ptar', 'ptar+http', 'ptar+https'],
  interfaceVersion: INTERFACE_VERSION,
  example: '/srv/archives/2026.ptar',
  options: OPTIONS,
  open: openStore,
};

function openStore({ location, options, host }: ConnectorInput): WritableStore {
  const checked = checkOptions('ptar', OPTIONS, options);
  if (location.scheme === 'ptar') {
    const path = isAbsolute(location.rest) ? location.rest : resolve(location.rest);
    return new PtarStore(path, localFile(path));
  }
  const stallMs = Number(checked['timeout_seconds']) * 1000;
  if (stallMs < 1000) throw new InvalidInputError("option 'timeout_seconds' of connector 'ptar' must be 1 or more");
  const url = parseUrl(`${location.scheme.slice('ptar+'.length)}://${location.rest}`);
  const shown = `ptar+${url.origin}${url.pathname}`;
  return new PtarStore(shown, webFile(url, { shown, stallMs, host }));
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new InvalidInputError('the location is no URL: write it like ptar+https://host/file.ptar');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw new InvalidInputError('user and password have no place in the location of a store');
  return url;
}
