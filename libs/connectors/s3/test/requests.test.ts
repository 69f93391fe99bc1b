import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request, Agent } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as sdk from '@aws-sdk/client-s3';
import { PassingBuffers } from '@wardrobe/store-connector';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Attempt } from '../src/attempt.js';
import { S3Calls } from '../src/s3-calls.js';
import { S3Client } from '../src/s3-client.js';
import { ServerClock } from '../src/server-clock.js';
import { bodyOf, bytesSource } from '../src/source.js';
import { signatureFor, signatureIn, TEST_HOST } from './s3-places.js';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', sessionToken: 'token/with+signs=' };
const BYTES = Buffer.from('what is stored');
const MD5 = createHash('md5').update(BYTES).digest('base64');
const CUSTOMER = Buffer.alloc(32, 9);
const SSE = 'x-amz-server-side-encryption';
const BODY = { 'content-length': String(BYTES.length), 'content-md5': MD5 };
const CUSTOMER_HEADERS = {
  [`${SSE}-customer-algorithm`]: 'AES256',
  [`${SSE}-customer-key`]: CUSTOMER.toString('base64'),
  [`${SSE}-customer-key-md5`]: createHash('md5').update(CUSTOMER).digest('base64'),
};
const CUSTOMER_MEMBERS = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: CUSTOMER.toString('base64') };

type Seen = { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders; readonly body: string };
type Case = readonly [name: string, ours: (s3: S3Calls) => Promise<unknown>, theirs: (client: sdk.S3Client) => Promise<unknown>];

const target = { bucket: 'bucket', key: "a b/ü+&=?#%41/~'(x)*!/$@:,;" };
const TARGET = { Bucket: target.bucket, Key: target.key };
const streamed = () => bodyOf(bytesSource(BYTES), { offset: 0, lengthBytes: BYTES.length }, () => undefined);

const CASES: readonly Case[] = [
  [
    'a range of an object that must be the same',
    (s3) => s3.getObject(target, { range: 'bytes=5-', 'if-match': '"e"', ...CUSTOMER_HEADERS }).then(({ body }) => body.destroy()),
    (client) => client.send(new sdk.GetObjectCommand({ ...TARGET, Range: 'bytes=5-', IfMatch: '"e"', ...CUSTOMER_MEMBERS })),
  ],
  ['the size of an object', (s3) => s3.headObject(target, {}), (client) => client.send(new sdk.HeadObjectCommand(TARGET))],
  [
    'a small object, encrypted by the server, where there is none',
    (s3) =>
      s3.putObject(
        target,
        {
          ...BODY,
          'content-type': 'x/y',
          'if-none-match': '*',
          'x-amz-storage-class': 'STANDARD_IA',
          [SSE]: 'aws:kms',
          [`${SSE}-aws-kms-key-id`]: 'arn:key/1',
        },
        BYTES,
      ),
    (client) =>
      client.send(
        new sdk.PutObjectCommand({
          ...TARGET,
          Body: BYTES,
          ContentLength: BYTES.length,
          ContentMD5: MD5,
          ContentType: 'x/y',
          IfNoneMatch: '*',
          StorageClass: 'STANDARD_IA',
          ServerSideEncryption: 'aws:kms',
          SSEKMSKeyId: 'arn:key/1',
        }),
      ),
  ],
  [
    'an object that streams',
    (s3) => s3.putObject(target, { ...BODY, 'content-type': 'x/y' }, streamed()),
    (client) => client.send(new sdk.PutObjectCommand({ ...TARGET, Body: streamed(), ContentLength: BYTES.length, ContentMD5: MD5, ContentType: 'x/y' })),
  ],
  ['the removal of an object', (s3) => s3.deleteObject(target), (client) => client.send(new sdk.DeleteObjectCommand(TARGET))],
  [
    'a page of a listing',
    (s3) => s3.listObjects({ bucket: 'bucket', prefix: 'p q/ü+', token: 'to/ken+=' }),
    (client) => client.send(new sdk.ListObjectsV2Command({ Bucket: 'bucket', Prefix: 'p q/ü+', EncodingType: 'url', ContinuationToken: 'to/ken+=' })),
  ],
  ['a look at a bucket', (s3) => s3.headBucket('bucket'), (client) => client.send(new sdk.HeadBucketCommand({ Bucket: 'bucket' }))],
  ['a new bucket', (s3) => s3.createBucket('bucket'), (client) => client.send(new sdk.CreateBucketCommand({ Bucket: 'bucket' }))],
  ['where a bucket lies', (s3) => s3.bucketLocation('bucket'), (client) => client.send(new sdk.GetBucketLocationCommand({ Bucket: 'bucket' }))],
  [
    'the begin of an upload in parts',
    (s3) => s3.beginParts(target, { 'content-type': 'x/y', ...CUSTOMER_HEADERS }),
    (client) => client.send(new sdk.CreateMultipartUploadCommand({ ...TARGET, ContentType: 'x/y', ...CUSTOMER_MEMBERS })),
  ],
  [
    'a part',
    (s3) => s3.putPart({ ...target, uploadId: 'u/1+', number: 3 }, { ...BODY, 'content-type': 'application/octet-stream', ...CUSTOMER_HEADERS }, streamed()),
    (client) =>
      client.send(
        new sdk.UploadPartCommand({
          ...TARGET,
          UploadId: 'u/1+',
          PartNumber: 3,
          Body: streamed(),
          ContentLength: BYTES.length,
          ContentMD5: MD5,
          ...CUSTOMER_MEMBERS,
        }),
      ),
  ],
  [
    'the end of an upload in parts',
    (s3) =>
      s3.completeParts({ ...target, uploadId: 'u/1+' }, CUSTOMER_HEADERS, [
        { number: 1, etag: '"a&b"' },
        { number: 2, etag: null },
      ]),
    (client) =>
      client.send(
        new sdk.CompleteMultipartUploadCommand({
          ...TARGET,
          UploadId: 'u/1+',
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"a&b"' }, { PartNumber: 2 }] },
          ...CUSTOMER_MEMBERS,
        }),
      ),
  ],
  [
    'the end of an upload that is given up',
    (s3) => s3.abandonParts({ ...target, uploadId: 'u/1+' }),
    (client) => client.send(new sdk.AbortMultipartUploadCommand({ ...TARGET, UploadId: 'u/1+' })),
  ],
];

/** What one of the two sends that says nothing about the request. */
const ASIDE = /^(authorization|x-amz-date|x-amz-user-agent|user-agent|amz-sdk-.*|connection|transfer-encoding)$/;

describe('requests', () => {
  const seen: Seen[] = [];
  const server = createServer((incoming, outgoing) => {
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('end', () => {
      seen.push({ method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers, body: Buffer.concat(pieces).toString() });
      outgoing.end(answerTo(incoming.method ?? '', incoming.url ?? ''));
    });
  });
  let endpoint = '';
  let theirs: sdk.S3Client;
  const agent = new Agent();
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    theirs = new sdk.S3Client({
      endpoint,
      region: 'eu-west-3',
      forcePathStyle: true,
      credentials: KEYS,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  });
  beforeEach(() => {
    seen.length = 0;
  });
  afterAll(() => {
    theirs.destroy();
    agent.destroy();
    server.close();
  });

  function calls(): S3Calls {
    const transport = { request, agent, host: TEST_HOST };
    const client = new S3Client({ endpoint, region: 'eu-west-3', hostStyle: false, keys: () => Promise.resolve(KEYS), clock: new ServerClock(), transport });
    const counters = { requests: 0, retries: 0, bytesRead: 0, bytesWritten: 0, latencyMs: 0, answers: 0 };
    return new S3Calls(client, new Attempt('it', undefined, { stallMs: 5_000, counters, buffers: new PassingBuffers(1 << 20) }));
  }

  it.each(CASES)('%s: is what the SDK of Amazon sends, and signed', async (_name, send, sendTheirs) => {
    const s3 = calls();
    await send(s3);
    s3.attempt.end();
    await sendTheirs(theirs);
    const [ours, other] = seen;
    if (ours === undefined || other === undefined) throw new Error('a request is missing');
    expect(facts(ours)).toEqual(facts(other));
    expect(signatureIn(ours)).toBe(signatureFor(ours, KEYS.secretAccessKey));
    // The same check holds for theirs, so that it is one of the signature and not of how we make it.
    expect(signatureIn(other)).toBe(signatureFor(other, KEYS.secretAccessKey));
    // Nothing that matters to the server is left out of the signature.
    for (const name of Object.keys(facts(ours).headers)) expect(ours.headers.authorization).toMatch(new RegExp(`SignedHeaders=(.*;)?${name}[;,]`));
  });
});

function facts({ method, url, headers, body }: Seen) {
  const [path, query = ''] = url.split('?');
  const asked = query.split('&').filter((part) => part !== '' && !part.startsWith('x-id='));
  const kept = Object.entries(headers).filter(([name, value]) => !ASIDE.test(name) && !(name === 'content-length' && value === '0'));
  return { method, path, asked: asked.sort(), headers: Object.fromEntries(kept), body };
}

function answerTo(method: string, url: string): string {
  if (method === 'HEAD' || method === 'DELETE' || method === 'PUT') return '';
  if (url.includes('list-type')) return '<ListBucketResult></ListBucketResult>';
  if (url.includes('location')) return '<LocationConstraint>eu-west-3</LocationConstraint>';
  if (url.includes('uploads')) return '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>';
  if (url.includes('uploadId')) return '<CompleteMultipartUploadResult/>';
  return 'bytes';
}
