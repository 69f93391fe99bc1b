import { join } from 'node:path';
import type { StoreKindDto } from '@wardrobe/contracts';
import { type Connector, InvalidInputError } from '@wardrobe/store-connector';
import type { Deps } from './deps.js';

/** Kinds of stores that can be connected, with the options that a form asks for. Their descriptions load no client library. */
export async function storeKinds({ dataDirectory }: Pick<Deps, 'dataDirectory'>): Promise<StoreKindDto[]> {
  const { BUILT_IN_CONNECTORS, connectorFor, readRegistry } = await import('@wardrobe/connections');
  const connectorsFolder = join(dataDirectory, 'connectors');
  const connectors: Connector[] = [];
  const installed = readRegistry(connectorsFolder).installed.filter(({ name }) => !BUILT_IN_CONNECTORS.some((built) => built.name === name));
  for (const { schemes } of [...BUILT_IN_CONNECTORS, ...installed]) {
    try {
      connectors.push(await connectorFor(schemes[0] ?? '', { connectorsFolder }));
    } catch (error) {
      // One that does not fit this program is not offered; naming its scheme says why.
      if (!(error instanceof InvalidInputError)) throw error;
    }
  }
  return connectors.map(({ name, title, description, schemes, example, options }) => ({
    name,
    title,
    description,
    schemes: [...schemes],
    example,
    options: options.map(({ choices, ...option }) => ({ ...option, ...(choices === undefined ? {} : { choices: [...choices] }) })),
  }));
}
