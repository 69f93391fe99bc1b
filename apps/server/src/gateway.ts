import type { IncomingMessage, ServerResponse } from 'node:http';
import { compressText } from './compress.js';
import type { Log } from './log.js';
import { answer, type GuardOptions, refusalOf, setPagePolicy, setSecurityHeaders } from './security.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;
export type Routes = {
  /** True: taken. */
  readonly api: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
  /** Null: not built. */
  readonly pages: Handler | null;
};

/** The api's own words; files of a backup keep their length, and the pages' framework compresses its own answers. */
const COMPRESSED = /^\/api\/(?:trpc\/|stores\/\d+\/divergence\.|stores\/\d+\/snapshots\/[0-9a-f]+\/text)/;

/** The one entry of all requests: refuses what is not meant for this console, then api, then pages. Until `open` it says that it is starting. */
export class Gateway {
  private routes: Routes | null = null;
  private guard: GuardOptions | null = null;
  private stopping = false;

  constructor(private readonly log: Log) {}

  open(routes: Routes, guard: GuardOptions): void {
    this.guard = guard;
    this.routes = routes;
  }

  /** From now on requests are told that the console stops. */
  close(): void {
    this.routes = null;
    this.stopping = true;
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.dispatch(request, response).catch((error: unknown) => {
      // Path only: a query may name files of a backup.
      this.log('error', `${request.method ?? ''} ${pathOf(request)} failed: ${error instanceof Error ? error.message : String(error)}`);
      if (response.headersSent) response.destroy();
      else answer(request, response, { status: 500, sentence: 'Something went wrong inside the console; its log says what.' });
    });
  };

  private async dispatch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setSecurityHeaders(response, { secure: this.guard?.secure ?? false });
    if (this.routes === null || this.guard === null) {
      response.setHeader('Retry-After', '2');
      return answer(request, response, {
        status: 503,
        sentence: this.stopping ? 'The console is being stopped.' : 'The console is starting. Try again in a moment.',
      });
    }
    const refusal = refusalOf(request, this.guard);
    if (refusal !== null) return answer(request, response, refusal);
    // Never from outside: the framework would believe a nonce, and internal headers of it, that a client sent.
    for (const name of [
      'content-security-policy',
      'content-security-policy-report-only',
      'x-nonce',
      'x-middleware-subrequest',
      'x-middleware-rewrite',
      'x-middleware-next',
      'x-invoke-path',
      'x-invoke-query',
    ])
      delete request.headers[name];
    if (COMPRESSED.test(request.url ?? '')) compressText(request, response);
    if (await this.routes.api(request, response)) return;
    if (this.routes.pages === null) {
      return answer(request, response, { status: 503, sentence: 'The pages are not built yet. Stop the console and run npm start, which builds them.' });
    }
    setPagePolicy(request, response);
    await this.routes.pages(request, response);
  }
}

function pathOf(request: IncomingMessage): string {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  return path.slice(0, 200);
}
