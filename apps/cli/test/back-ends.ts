import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenStore } from '@wardrobe/connector-http/server';
import { madeHostKey, ownServer } from '@wardrobe/connector-sftp/test-server';
import { fsStore } from '@wardrobe/connector-fs';
import { startS3Server, temporaryFolder } from '@wardrobe/testing';

/** A place where the command line can keep a store, and what it needs to get there. */
export type BackEnd = {
  readonly name: string;
  readonly location: string;
  /** `-o` options; secrets go by the environment. */
  readonly options: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
};

export async function folderBackEnd(): Promise<BackEnd> {
  return { name: 'fs', location: join(await temporaryFolder('fs'), 'store'), options: [], env: {}, close: async () => undefined };
}

export async function s3BackEnd(): Promise<BackEnd> {
  const server = await startS3Server({ buckets: ['backups'] });
  return {
    name: 's3',
    location: `s3://${server.host}:${server.port}/backups/team`,
    options: ['use_tls=false', `access_key=${server.accessKey}`],
    env: { WARDROBE_OPTION_SECRET_ACCESS_KEY: server.secretKey, WARDROBE_SYNC_OPTION_SECRET_ACCESS_KEY: server.secretKey },
    close: () => server.close(),
  };
}

export async function sftpBackEnd(): Promise<BackEnd> {
  const root = await temporaryFolder('sftp');
  const server = await ownServer({ folder: root, hostKey: madeHostKey(), extensions: ['posix-rename@openssh.com'] });
  await mkdir(join(root, 'srv'));
  return {
    name: 'sftp',
    location: `sftp://backup@127.0.0.1:${server.port}/srv/store`,
    options: ['insecure_ignore_host_key=true', 'ssh_config=none'],
    env: {},
    close: () => server.close(),
  };
}

export async function httpBackEnd(): Promise<BackEnd> {
  const store = fsStore(join(await temporaryFolder('http'), 'store'));
  const server = await listenStore(
    { store, writable: true, allowDelete: true, token: 'let-me-in', temporaryFolder: tmpdir() },
    { host: '127.0.0.1', port: 0, tls: null },
  );
  return {
    name: 'http',
    location: server.url,
    options: [],
    env: { WARDROBE_OPTION_AUTH_TOKEN: 'let-me-in', WARDROBE_SYNC_OPTION_AUTH_TOKEN: 'let-me-in' },
    close: () => server.close(100),
  };
}
