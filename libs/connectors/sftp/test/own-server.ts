import { once } from 'node:events';
import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, open, type FileHandle, readdir, rename, rm, stat } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import ssh2, { type AuthContext, type CipherAlgorithm, type Connection, type SFTPWrapper } from 'ssh2';

export type Extension = 'posix-rename@openssh.com' | 'fsync@openssh.com' | 'statvfs@openssh.com';

/** What happens instead of one operation: a status, silence, or the loss of the line before or after it is done. */
export type Instead = { readonly status: number; readonly message?: string } | 'silence' | 'cut' | 'cut-after' | null;

export type OwnServerInput = {
  /** The server's `/`. */
  readonly folder: string;
  readonly hostKey: string;
  readonly extensions?: readonly Extension[];
  /** `later`: it answers by itself. */
  readonly accepts?: (context: AuthContext) => boolean | 'later';
  /** Listings hold names only, as some servers give them. */
  readonly bareListings?: boolean;
  /** A plain rename replaces, as some servers do. */
  readonly renameReplaces?: boolean;
  /** Folders and files it keeps open; more are refused. */
  readonly maxHandles?: number;
  readonly port?: number;
  /** The only one it takes. */
  readonly cipher?: CipherAlgorithm;
};

export type OwnServer = {
  readonly port: number;
  /** Decides about each operation by its name and path until the next call. */
  inject(decide: ((operation: string, path: string) => Instead) | null): void;
  /** Bytes free, as statvfs tells. */
  freeBytes: number;
  /** Operations so far, by name. */
  readonly counts: Map<string, number>;
  cutAll(): void;
  /** So many new connections are ended at once. */
  hangUp(connections: number): void;
  close(): Promise<void>;
};

const { STATUS_CODE, OPEN_MODE } = ssh2.utils.sftp;

/** A host key for a server of the tests. Of the keys that the library makes, one in 300 it cannot read itself. */
export function madeHostKey(): string {
  const { private: key } = ssh2.utils.generateKeyPairSync('ed25519');
  return ssh2.utils.parseKey(key) instanceof Error ? madeHostKey() : key;
}

/** An SFTP server of version 3 on a real folder, without the extensions that it was not told to offer. Plain renames refuse to replace, as OpenSSH's. */
export async function ownServer(input: OwnServerInput): Promise<OwnServer> {
  const sockets = new Set<Socket>();
  const state = { decide: null as ((operation: string, path: string) => Instead) | null, freeBytes: 1 << 30, hangUps: 0, counts: new Map<string, number>() };
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = new ssh2.Server(
    { hostKeys: [input.hostKey], ...(input.cipher === undefined ? {} : { algorithms: { cipher: [input.cipher] } }) },
    (client: Connection) => {
      client.on('error', () => undefined);
      client.on('authentication', (context) => {
        const answer = input.accepts?.(context) ?? true;
        if (answer === true) context.accept();
        else if (answer === false) context.reject(['publickey', 'password', 'keyboard-interactive']);
      });
      client.on('session', (accept) => {
        accept().on('sftp', (acceptSftp) => serve({ sftp: acceptSftp(), input, state, cutAll }));
      });
    },
  );
  const raw = server as unknown as { readonly _srv: import('node:net').Server };
  raw._srv.on('connection', (socket: Socket) => {
    sockets.add(socket);
    if (state.hangUps > 0) {
      state.hangUps -= 1;
      socket.destroy();
    }
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(input.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    inject: (decide) => {
      state.decide = decide;
    },
    get freeBytes() {
      return state.freeBytes;
    },
    set freeBytes(bytes) {
      state.freeBytes = bytes;
    },
    counts: state.counts,
    cutAll,
    hangUp: (connections) => {
      state.hangUps = connections;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cutAll();
      await closed;
    },
  };
}

type State = { decide: ((operation: string, path: string) => Instead) | null; freeBytes: number; readonly counts: Map<string, number> };
type Serving = { readonly sftp: SFTPWrapper; readonly input: OwnServerInput; readonly state: State; readonly cutAll: () => void };
type Opened = { readonly path: string; readonly file: FileHandle | null; entries: string[] | null };

function serve(serving: Serving): void {
  const { sftp, input } = serving;
  offerExtensions(sftp, input.extensions ?? []);
  const handles = new Map<number, Opened>();
  let next = 0;
  let isClosed = false;
  sftp.on('close', () => {
    isClosed = true;
    void Promise.all([...handles.values()].map(({ file }) => file?.close()));
  });
  const local = (path: string) => join(input.folder, path);
  const opened = (handle: Buffer) => {
    const found = handles.get(handle.readUInt32BE(0));
    if (found === undefined) throw Object.assign(new Error('no such handle'), { code: 'EBADF' });
    return found;
  };
  const pathOf = (handle: Buffer) => handles.get(handle.length === 4 ? handle.readUInt32BE(0) : -1)?.path ?? '';
  const keep = (request: number, made: Opened) => {
    if (isClosed) return void made.file?.close();
    if (handles.size >= (input.maxHandles ?? Number.POSITIVE_INFINITY)) {
      void made.file?.close();
      return void sftp.status(request, STATUS_CODE.FAILURE, 'too many open handles');
    }
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(next);
    handles.set(next, made);
    next += 1;
    sftp.handle(request, handle);
  };
  const on = (operation: string, request: number, path: string, work: () => Promise<void>) => void answer(serving, { operation, request, path, work });
  const done = (request: number) => void sftp.status(request, STATUS_CODE.OK);

  sftp.on('OPEN', (request, path, flags) =>
    on('OPEN', request, path, async () => keep(request, { path, file: await open(local(path), openFlags(flags)), entries: null })),
  );
  sftp.on('READ', (request, handle, offset, length) =>
    on('READ', request, pathOf(handle), async () => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = (await opened(handle).file?.read(buffer, 0, length, offset)) ?? { bytesRead: 0 };
      if (bytesRead === 0) sftp.status(request, STATUS_CODE.EOF);
      else sftp.data(request, buffer.subarray(0, bytesRead));
    }),
  );
  sftp.on('WRITE', (request, handle, offset, data) => {
    // The library takes its buffer back.
    const bytes = Buffer.from(data);
    on('WRITE', request, pathOf(handle), async () => {
      await opened(handle).file?.write(bytes, 0, bytes.length, offset);
      done(request);
    });
  });
  sftp.on('FSTAT', (request, handle) =>
    on('FSTAT', request, pathOf(handle), async () => void sftp.attrs(request, attributes((await opened(handle).file?.stat()) as Stats))),
  );
  sftp.on('CLOSE', (request, handle) =>
    on('CLOSE', request, pathOf(handle), async () => {
      await opened(handle).file?.close();
      handles.delete(handle.readUInt32BE(0));
      done(request);
    }),
  );
  looks(serving, { on, local, opened, pathOf, keep });
  changes(serving, { on, done, local });
}

type Looks = Pick<Changes, 'on' | 'local'> & {
  readonly opened: (handle: Buffer) => Opened;
  readonly pathOf: (handle: Buffer) => string;
  readonly keep: (request: number, made: Opened) => void;
};

function looks({ sftp, input }: Serving, { on, local, opened, pathOf, keep }: Looks): void {
  sftp.on('STAT', (request, path) => on('STAT', request, path, async () => void sftp.attrs(request, attributes(await stat(local(path))))));
  sftp.on('LSTAT', (request, path) => on('LSTAT', request, path, async () => void sftp.attrs(request, attributes(await lstat(local(path))))));
  sftp.on('OPENDIR', (request, path) => on('OPENDIR', request, path, async () => keep(request, { path, file: null, entries: await readdir(local(path)) })));
  sftp.on('READDIR', (request, handle) =>
    on('READDIR', request, pathOf(handle), async () => {
      const folder = opened(handle);
      const names = folder.entries?.splice(0, 100) ?? [];
      if (names.length === 0) return void sftp.status(request, STATUS_CODE.EOF);
      const described = names.map(async (filename) => ({
        filename,
        longname: filename,
        attrs: (input.bareListings === true ? {} : attributes(await lstat(join(local(folder.path), filename)))) as ReturnType<typeof attributes>,
      }));
      sftp.name(request, await Promise.all(described));
    }),
  );
}

type Changes = {
  readonly on: (operation: string, request: number, path: string, work: () => Promise<void>) => void;
  readonly done: (request: number) => void;
  readonly local: (path: string) => string;
};

function changes({ sftp, input, state }: Serving, { on, done, local }: Changes): void {
  sftp.on('REMOVE', (request, path) =>
    on('REMOVE', request, path, async () => {
      await rm(local(path));
      done(request);
    }),
  );
  sftp.on('MKDIR', (request, path) =>
    on('MKDIR', request, path, async () => {
      await mkdir(local(path));
      done(request);
    }),
  );
  sftp.on('SETSTAT', (request, path, { mode }) =>
    on('SETSTAT', request, path, async () => {
      if (mode !== undefined) await chmod(local(path), mode);
      done(request);
    }),
  );
  sftp.on('RENAME', (request, from, to) =>
    on('RENAME', request, to, async () => {
      const there = input.renameReplaces === true ? null : await lstat(local(to)).catch(() => null);
      if (there !== null) throw Object.assign(new Error('Failure'), { code: 'EEXIST' });
      await rename(local(from), local(to));
      done(request);
    }),
  );
  const extended = sftp as unknown as { on(event: 'EXTENDED', listener: (request: number, name: string, data: Buffer) => void): void };
  extended.on('EXTENDED', (request, name, data) => {
    if (!(input.extensions ?? []).some((offered) => offered === name)) return void sftp.status(request, STATUS_CODE.OP_UNSUPPORTED);
    const [first = '', second = ''] = textsOf(data);
    if (name === 'posix-rename@openssh.com')
      on('POSIX-RENAME', request, second, async () => {
        await rename(local(first), local(second));
        done(request);
      });
    else if (name === 'fsync@openssh.com') on('FSYNC', request, '', async () => done(request));
    else on('STATVFS', request, first, async () => sendPacket(sftp, EXTENDED_REPLY, Buffer.concat([u32(request), ...freeSpace(state.freeBytes)])));
  });
}

type Asked = { readonly operation: string; readonly request: number; readonly path: string; readonly work: () => Promise<void> };

async function answer({ sftp, state, cutAll }: Serving, { operation, request, path, work }: Asked): Promise<void> {
  state.counts.set(operation, (state.counts.get(operation) ?? 0) + 1);
  const instead = state.decide?.(operation, path) ?? null;
  if (instead === 'silence') return;
  if (instead === 'cut') return cutAll();
  if (instead !== null && instead !== 'cut-after') return void sftp.status(request, instead.status, instead.message ?? 'Failure');
  // The answer is lost with the line.
  if (instead === 'cut-after') (sftp as unknown as Inner)._protocol.channelData = () => undefined;
  try {
    await work();
  } catch (error) {
    sftp.status(request, statusFor(error), error instanceof Error ? error.message.slice(0, 80) : 'Failure');
  }
  if (instead === 'cut-after') cutAll();
}

function statusFor(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOENT') return STATUS_CODE.NO_SUCH_FILE;
  return code === 'EACCES' || code === 'EPERM' ? STATUS_CODE.PERMISSION_DENIED : STATUS_CODE.FAILURE;
}

function openFlags(flags: number): string {
  if ((flags & OPEN_MODE.WRITE) === 0) return 'r';
  return (flags & OPEN_MODE.EXCL) !== 0 ? 'wx' : 'w';
}

function attributes({ mode, uid, gid, size, atimeMs, mtimeMs }: Stats) {
  return { mode, uid, gid, size, atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) };
}

const VERSION = 2;
const EXTENDED_REPLY = 201;

type Inner = { readonly outgoing: { readonly id: number }; readonly _protocol: { channelData: (id: number, data: Buffer) => void } };

/** The library's server names no extensions: its first packet is replaced by one that does. */
function offerExtensions(sftp: SFTPWrapper, extensions: readonly Extension[]): void {
  if (extensions.length === 0) return;
  const { _protocol: protocol } = sftp as unknown as Inner;
  const send = protocol.channelData;
  protocol.channelData = () => {
    protocol.channelData = send;
    const named = extensions.flatMap((name) => [text(name), text(name.startsWith('statvfs') ? '2' : '1')]);
    sendPacket(sftp, VERSION, Buffer.concat([u32(3), ...named]));
  };
}

function sendPacket(sftp: SFTPWrapper, type: number, body: Buffer): void {
  const { _protocol: protocol, outgoing } = sftp as unknown as Inner;
  protocol.channelData(outgoing.id, Buffer.concat([u32(body.length + 1), Buffer.of(type), body]));
}

function freeSpace(bytes: number): readonly Buffer[] {
  const blocks = BigInt(Math.floor(bytes / 4096));
  return [4096n, 4096n, 1n << 20n, blocks, blocks, 1000n, 500n, 500n, 1n, 0n, 255n].map((value) => {
    const field = Buffer.alloc(8);
    field.writeBigUInt64BE(value);
    return field;
  });
}

function u32(value: number): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(value);
  return field;
}

function text(value: string): Buffer {
  return Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)]);
}

function textsOf(data: Buffer): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; at + 4 <= data.length; ) {
    const length = data.readUInt32BE(at);
    texts.push(data.toString('utf8', at + 4, at + 4 + length));
    at += 4 + length;
  }
  return texts;
}
