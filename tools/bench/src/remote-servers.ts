import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { madeHostKey, ownServer } from '@wardrobe/connector-sftp/test-server';
import { sftpConnector } from '@wardrobe/connector-sftp';
import { s3Connector } from '@wardrobe/connector-s3';
import { type Connector, parseStoreLocation, type WritableStore } from '@wardrobe/store-connector';
import { type LineProxy, lineProxy, startS3Server, temporaryFolder } from '@wardrobe/testing';
import { type PlainSpeed, plainS3, plainSftp } from './plain-library.js';

/** 100 Mbit/s, unless told otherwise. */
export const LINE_BYTES_PER_SECOND = Number(process.env['BENCH_REMOTE_MBIT'] ?? '100') * 125_000;

/** A store server of this machine behind a line with a latency and a bandwidth. */
export type RemotePlace = {
  /** What has passed over the line so far. */
  figures(): { readonly bytesUp: number; readonly bytesDown: number };
  readonly name: 'S3' | 'SFTP';
  readonly location: string;
  readonly options: Readonly<Record<string, string>>;
  /** The same as arguments of the command line. */
  readonly args: readonly string[];
  open(): Promise<WritableStore>;
  /** Bytes that the line has carried towards the client so far. */
  bytesDown(): number;
  /** What the client library by itself moves over the same line. */
  plain(file: string): Promise<PlainSpeed>;
  close(): Promise<void>;
};

export async function s3Place(roundTripMs: number): Promise<RemotePlace> {
  const server = await startS3Server({ buckets: ['bench'] });
  const line = await lineProxy({ port: server.port }, { roundTripMs, bytesPerSecond: LINE_BYTES_PER_SECOND });
  const options = { use_tls: 'false', access_key: server.accessKey, secret_access_key: server.secretKey };
  const { accessKey, secretKey } = server;
  const plain = (file: string) => plainS3({ host: line.host, port: line.port, accessKey, secretKey, bucket: 'bench' }, file);
  return place({ name: 'S3', location: `s3://${line.host}:${line.port}/bench/team`, options, connector: s3Connector, plain, line }, [
    () => line.close(),
    () => server.close(),
  ]);
}

export async function sftpPlace(roundTripMs: number): Promise<RemotePlace> {
  const folder = await temporaryFolder('bench-sftp');
  await mkdir(join(folder, 'srv'));
  const hostKey = madeHostKey();
  const server = await ownServer({ folder, hostKey, extensions: ['posix-rename@openssh.com'] });
  const line = await lineProxy({ port: server.port }, { roundTripMs, bytesPerSecond: LINE_BYTES_PER_SECOND });
  const options = { insecure_ignore_host_key: 'true', ssh_config: 'none' };
  const plain = (file: string) => plainSftp({ host: line.host, port: line.port, path: '/srv/plain' }, file);
  return place({ name: 'SFTP', location: `sftp://bench@${line.host}:${line.port}/srv/team`, options, connector: sftpConnector, plain, line }, [
    () => line.close(),
    () => server.close(),
  ]);
}

type Made = Pick<RemotePlace, 'name' | 'location' | 'options' | 'plain'> & { readonly connector: Connector; readonly line: LineProxy };

function place({ name, location, options, connector, plain, line }: Made, ends: readonly (() => Promise<void>)[]): RemotePlace {
  return {
    name,
    location,
    options,
    plain,
    bytesDown: () => line.figures().bytesDown,
    args: [...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]), 'at', location],
    async open() {
      const folder = await temporaryFolder('bench-host');
      return connector.open({ location: parseStoreLocation(location), options, host: { environment: {}, home: folder, temporaryFolder: folder } });
    },
    async close() {
      for (const end of ends) await end();
    },
    figures: () => line.figures(),
  };
}
