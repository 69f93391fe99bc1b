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

type S3rver = { run(): Promise<{ readonly port: number }>; close(): Promise<void> };
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
