import { NotAStoreError, type ReadOptions, StoreError } from '@wardrobe/store-connector';
import { CONFIG_LIMIT_BYTES, collect, isConfigText } from './collect.js';
import { answerError, MissingError } from './failures.js';
import { JsonProtocol } from './json-protocol.js';
import type { HttpLine } from './line.js';
import type { Protocol } from './protocol.js';
import { ResourceProtocol } from './resource-protocol.js';

/**
 * Which protocol a server talks: it is asked for CONFIG without a body. One of 1.1 gives it, one of 1.0 answers 400.
 * @throws NotAStoreError something else answers; StoreError. @source 04-remote-stores 7
 */
export async function findProtocol(line: HttpLine, { signal }: ReadOptions): Promise<Protocol> {
  const answer = await line.ask({ method: 'GET', path: '/', what: 'CONFIG', signal });
  const bytes = await collect(answer.body, { what: 'CONFIG', bytes: CONFIG_LIMIT_BYTES });
  const text = bytes.subarray(0, 1024).toString('utf8').trim();
  if (answer.status === 400) return new JsonProtocol(line);
  if (answer.status === 200) {
    if (isConfigText(bytes) || answer.header('content-type') === 'application/octet-stream') return new ResourceProtocol(line);
    throw new NotAStoreError(line.location, {
      cause: new StoreError(`what answers there is no store server: it sends ${kindOf(answer.header('content-type'))}`),
    });
  }
  const error = answerError({ status: answer.status, text, retryAfter: answer.header('retry-after') }, { location: line.location, what: 'CONFIG' });
  // A server whose store is not there: that the later calls say.
  if (error instanceof MissingError) return new ResourceProtocol(line);
  throw error;
}

function kindOf(contentType: string | null): string {
  return contentType === null ? 'something without a type' : contentType.slice(0, 80);
}
