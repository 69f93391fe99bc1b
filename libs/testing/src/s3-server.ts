import { createRequire } from 'node:module';
import { removeFolder, temporaryFolder } from './fixtures.js';

/** A running S3 server of the tests, plain HTTP on this machine. */
export type S3Server = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly accessKey: string;
  readonly secretKey: string;
  close(): Promise<void>;
};

type Request = { readonly method: string; readonly query: Readonly<Record<string, string | string[] | undefined>> };
/** It is a Koa application. */
type S3rver = {
  readonly middleware: ((request: Request, next: () => Promise<void>) => Promise<void>)[];
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
};
type S3rverOptions = {
  readonly address: string;
  readonly port: number;
  readonly silent: boolean;
  readonly directory: string;
  readonly key?: string;
  readonly cert?: string;
  readonly configureBuckets: readonly { readonly name: string; readonly configs: readonly string[] }[];
};

const HOST = '127.0.0.1';

/**
 * s3rver in this process, on a free port, with its objects in a temporary folder. It knows access keys but checks no signatures of version 4, knows
 * no `If-None-Match`, and answers HTTP 500 to listings of more than a page. With `tls` it speaks HTTPS.
 */
export async function startS3Server(
  options: { readonly buckets?: readonly string[]; readonly tls?: { readonly key: string; readonly cert: string } } = {},
): Promise<S3Server> {
  const Server = createRequire(import.meta.url)('s3rver') as new (options: S3rverOptions) => S3rver;
  const directory = await temporaryFolder('s3');
  const server = new Server({
    address: HOST,
    port: 0,
    silent: true,
    directory,
    ...options.tls,
    configureBuckets: (options.buckets ?? []).map((name) => ({ name, configs: [] })),
  });
  server.middleware.unshift(oneEndOfEachUpload());
  const { port } = await server.run();
  return {
    name: 's3rver',
    host: HOST,
    port,
    accessKey: 'S3RVER',
    secretKey: 'S3RVER',
    close: async () => {
      await server.close();
      await removeFolder(directory);
    },
  };
}

/**
 * s3rver puts the parts of an upload together once for each request to end it: of two at the same time, as a client sends them that has lost an answer, one takes
 * away what the other reads. Here the second comes to it when the first is done, as on other servers.
 */
function oneEndOfEachUpload(): S3rver['middleware'][number] {
  const ends = new Map<string, Promise<void>>();
  return async ({ method, query }, next) => {
    const { uploadId } = query;
    if (method !== 'POST' || typeof uploadId !== 'string') return next();
    const mine = (ends.get(uploadId) ?? Promise.resolve()).then(next);
    const over = mine.catch(() => undefined);
    ends.set(uploadId, over);
    await mine.finally(() => {
      if (ends.get(uploadId) === over) ends.delete(uploadId);
    });
  };
}
