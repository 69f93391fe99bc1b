import { existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setServerSlot, type ServerSlot } from '@wardrobe/web/server-slot';

export type Pages = { readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>; readonly close: () => Promise<void> };

/** Pages of `apps/web` as built by `next build`; null while they are not built. */
export async function openPages(options: {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly slot: ServerSlot;
}): Promise<Pages | null> {
  if (!existsSync(join(options.folder, '.next', 'BUILD_ID'))) return null;
  setServerSlot(options.slot);
  // Loaded only now: it picks its builds by NODE_ENV when first loaded.
  const { default: next } = await import('next');
  const app = next({ dev: false, dir: options.folder, hostname: options.host, port: options.port });
  await app.prepare();
  const handle = app.getRequestHandler();
  return { handle: (request, response) => handle(request, response), close: () => app.close() };
}
