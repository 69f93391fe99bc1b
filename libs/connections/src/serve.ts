import type { ListeningServer, ListenOptions, ServedStore } from '@wardrobe/connector-http/server';

export type { Answered, ListeningServer, ServedStore } from '@wardrobe/connector-http/server';

/** Serves a store to other machines in the protocols of plakar's store servers. Loaded when it is asked for. @throws InvalidInputError the address cannot be listened on */
export async function serveStore(served: ServedStore, options: ListenOptions): Promise<ListeningServer> {
  const { listenStore } = await import('@wardrobe/connector-http/server');
  return listenStore(served, options);
}
