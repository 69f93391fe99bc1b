import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { temporaryFolder } from '@wardrobe/testing';
import ssh2 from 'ssh2';
import { timed } from './statistics.js';

/** Bytes a second that a client library by itself moves over a line: one file there and back. */
export type PlainSpeed = { readonly upBytesPerSecond: number; readonly downBytesPerSecond: number };
type Way = { put(file: string): Promise<void>; get(file: string): Promise<void>; end(): void };

export type PlainS3 = { readonly host: string; readonly port: number; readonly accessKey: string; readonly secretKey: string; readonly bucket: string };

/** One request each way, as the SDK does it. */
export async function plainS3(at: PlainS3, file: string): Promise<PlainSpeed> {
  const credentials = { accessKeyId: at.accessKey, secretAccessKey: at.secretKey };
  const client = new S3Client({ endpoint: `http://${at.host}:${at.port}`, region: 'us-east-1', forcePathStyle: true, credentials });
  const target = { Bucket: at.bucket, Key: 'plain' };
  return measure(file, {
    async put(from) {
      await client.send(new PutObjectCommand({ ...target, Body: createReadStream(from), ContentLength: (await stat(from)).size }));
    },
    async get(to) {
      const { Body } = await client.send(new GetObjectCommand(target));
      await pipeline(Body as Readable, createWriteStream(to));
    },
    end: () => client.destroy(),
  });
}

/** `fastPut` and `fastGet` of ssh2, 64 requests of 32 KiB at a time. */
export async function plainSftp(at: { readonly host: string; readonly port: number; readonly path: string }, file: string): Promise<PlainSpeed> {
  const client = new ssh2.Client();
  await new Promise<void>((resolve, reject) => {
    client.once('ready', resolve).once('error', reject);
    client.connect({ host: at.host, port: at.port, username: 'bench', password: 'bench' });
  });
  const sftp = await new Promise<ssh2.SFTPWrapper>((resolve, reject) =>
    client.sftp((error, opened) => (error === undefined ? resolve(opened) : reject(error))),
  );
  const done = (start: (back: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => start((error) => (error === undefined || error === null ? resolve() : reject(error))));
  return measure(file, {
    put: (from) => done((back) => sftp.fastPut(from, at.path, back)),
    get: (to) => done((back) => sftp.fastGet(at.path, to, back)),
    end: () => client.end(),
  });
}

async function measure(file: string, way: Way): Promise<PlainSpeed> {
  const folder = await temporaryFolder('bench-plain');
  try {
    const { size } = await stat(file);
    const up = await timed(() => way.put(file));
    const down = await timed(() => way.get(join(folder, 'back')));
    return { upBytesPerSecond: size / (up.ms / 1000), downBytesPerSecond: size / (down.ms / 1000) };
  } finally {
    way.end();
    await rm(folder, { recursive: true, force: true });
  }
}
