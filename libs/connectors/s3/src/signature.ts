import { createHash, createHmac } from 'node:crypto';

/** Without `expiration` they do not expire. */
export type Keys = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string; readonly expiration?: Date };

export type Headers = Readonly<Record<string, string>>;

/** `path` and `query` are percent-encoded, and sent just so. Header names are in small letters; all of them are signed. */
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

/**
 * The headers to send, with a signature of version 4 among them.
 * @source AWS Signature Version 4 for API requests, Amazon S3 API reference "Authenticating Requests: Using the Authorization Header"
 */
export function signedHeaders({ method, path, query, headers, bodyHash }: Unsigned, keys: Keys, at: { readonly region: string; readonly now: Date }): Headers {
  const date = at.now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const signed: Record<string, string> = {
    ...headers,
    'x-amz-content-sha256': bodyHash,
    'x-amz-date': date,
    ...(keys.sessionToken === undefined ? {} : { 'x-amz-security-token': keys.sessionToken }),
  };
  const names = Object.keys(signed).sort();
  const lines = names.map((name) => `${name}:${(signed[name] ?? '').trim().replace(/\s+/g, ' ')}`);
  const canonical = [method, path, query, ...lines, '', names.join(';'), bodyHash].join('\n');
  const scope = `${date.slice(0, 8)}/${at.region}/s3/aws4_request`;
  const key = scope.split('/').reduce<Buffer>(hmac, Buffer.from(`AWS4${keys.secretAccessKey}`));
  const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...signed, authorization };
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
