import { createHash } from 'node:crypto';
import aws4 from 'aws4';

/** Without `expiration` they do not expire. */
export type Keys = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string; readonly expiration?: Date };

export type Headers = Readonly<Record<string, string>>;

/** `path` and `query` are percent-encoded, and sent just so; a name stands in `query` once. Header names are in small letters; all of them are signed. */
export type Unsigned = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  /** What is signed of the body: its SHA-256, or `UNSIGNED_BODY`. */
  readonly bodyHash: string;
};

/** A body that streams: TLS and its MD5 guard it. */
export const UNSIGNED_BODY = 'UNSIGNED-PAYLOAD';

/** The headers to send, with a signature of version 4 among them. */
export function signedHeaders({ method, path, query, headers, bodyHash }: Unsigned, keys: Keys, at: { readonly region: string; readonly now: Date }): Headers {
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  const signed: Record<string, string> = {
    ...headers,
    'x-amz-content-sha256': bodyHash,
    'x-amz-date': at.now.toISOString().replace(/[-:]|\.\d{3}/g, ''),
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const request = {
    service: 's3',
    region: at.region,
    method,
    path: query === '' ? path : `${path}?${query}`,
    headers: signed,
    // Of itself it leaves some out, as `range`.
    extraHeadersToInclude: Object.fromEntries(Object.keys(signed).map((name) => [name, true])),
  };
  const signer = new aws4.RequestSigner(request, { accessKeyId, secretAccessKey });
  signer.prepareRequest();
  return { ...signed, authorization: signer.authHeader() };
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
