import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { OracleLine } from './oracle-build.js';
import { oracleProgram } from './oracle-build.js';

/** Options of one command; see `Request` in tools/oracle/command/line.go. */
export type OracleRequest = { readonly command: string } & Readonly<Record<string, unknown>>;

/** `code`: 0 fine, 1 failed, 65 something is damaged or missing. */
export type OracleReply = { readonly records: readonly Record<string, unknown>[]; readonly code: number; readonly error: string | undefined };

/** Where a store lies and how this machine sees it. `cache` is the machine's own folder; without it each command starts as a new machine. */
export type OracleStore = {
  readonly store: string;
  readonly cache?: string | undefined;
  readonly passphrase?: string | undefined;
  /** Origin of snapshots and name in locks. */
  readonly hostname?: string | undefined;
};

export type OracleCreate = OracleStore & {
  readonly hashing?: 'BLAKE3' | 'SHA256';
  readonly compression?: 'LZ4' | 'GZIP' | 'none';
  /** Absent: a plain store. */
  readonly kdf?: 'ARGON2ID' | 'SCRYPT' | 'PBKDF2' | undefined;
  readonly subKey?: 'AES256-KW' | 'AES256-GCM';
  /** Cheap derivation for tests. */
  readonly kdfMemoryKiB?: number;
  readonly kdfTime?: number;
  readonly chunkMin?: number;
  readonly chunkNormal?: number;
  readonly chunkMax?: number;
  readonly maxPackfile?: number;
};

export type OracleXattr = { readonly name: string; readonly size: number; readonly sha256: string; readonly entry?: string; readonly object?: string };

/** One path of a snapshot or a disk. Paths, targets and attribute names are base64 of their bytes; numbers that may pass 53 bits are text. */
export type OracleEntry = {
  readonly path: string;
  readonly type: string;
  /** Permission bits with set-id and sticky. */
  readonly mode: number;
  readonly goMode: number;
  readonly uid: string;
  readonly gid: string;
  readonly dev: string;
  readonly ino: string;
  readonly nlink: number;
  readonly mtimeNs: string;
  readonly size: number;
  readonly target?: string;
  readonly sha256?: string;
  readonly contentType?: string;
  /** MACs of the entry and of its object, in hex; of a snapshot only. */
  readonly entry: string;
  readonly object?: string;
  readonly xattrNames?: readonly string[];
  readonly xattrs?: readonly OracleXattr[];
};

export type OracleDigest = {
  readonly snapshot: string;
  /** Hex MACs by name: vfs, xattrs, errors, content-type, dirpack, summary. */
  readonly roots: Readonly<Record<string, string>>;
  /** Base64. */
  readonly directory: string;
  readonly entries: readonly OracleEntry[];
  readonly errors: readonly { readonly failed: string; readonly message: string }[];
};

export type OracleListed = {
  readonly snapshot: string;
  readonly loads: boolean;
  readonly problem?: string;
  readonly name: string;
  readonly tags: readonly string[] | null;
  readonly timestamp: string;
  readonly type: string;
  readonly origin: string;
  readonly directory: string;
  readonly errors: number;
  readonly size: number;
};

export type OracleChecked = { readonly snapshot: string; readonly whole: boolean; readonly problems: readonly string[] };

/** `coloured` are new marks, `packfiles` those removed, `orphans` the marked ones that no state knew. */
export type OracleMaintained = {
  readonly coloured: number;
  readonly orphans: number;
  readonly packfiles: number;
  readonly uncoloured: number;
  readonly blobs: number;
};

/** One running program of a line, that takes commands in turn. A command that fails rejects with `OracleError`, except where said. */
export type Oracle = {
  readonly line: OracleLine;
  /** Any command; never rejects for a failure of the command itself. */
  request(request: OracleRequest): Promise<OracleReply>;
  create(options: OracleCreate): Promise<void>;
  /** Backs up with the line's fs importer; answers the snapshot's id. `noParent`: 1.1 reads every file anew. */
  backup(
    store: OracleStore,
    path: string,
    options?: { readonly tags?: readonly string[]; readonly name?: string; readonly noParent?: boolean },
  ): Promise<string>;
  /** Every snapshot that the machine sees, newest first, also those that cannot be read. */
  ls(store: OracleStore): Promise<readonly OracleListed[]>;
  /** All snapshots, or one, in every respect; does not reject for damage. */
  check(store: OracleStore, snapshot?: string): Promise<readonly OracleChecked[]>;
  /** One snapshot, by default the newest; rejects when anything of it is missing or altered. */
  digest(store: OracleStore, snapshot?: string): Promise<OracleDigest>;
  /** Restores `path`, by default the backup root, into a folder: exactly, or with the line's own exporter. */
  restore(store: OracleStore, to: string, options?: { readonly snapshot?: string; readonly path?: string; readonly exporter?: boolean }): Promise<void>;
  rm(store: OracleStore, snapshot: string): Promise<void>;
  maintenance(store: OracleStore, options?: { readonly grace?: string; readonly keepFiles?: boolean }): Promise<OracleMaintained>;
  /** What the line's detector answers for each content, or for each file of a list (a file of paths, each ended by a zero byte). */
  mime(what: { readonly samples: readonly Uint8Array[] } | { readonly list: string }): Promise<readonly string[]>;
  /** Makes a tree (trees.ts) below a folder. `list`: a file of JSON lines. */
  plant(list: string, to: string): Promise<void>;
  /** What lies on the disk below a folder, in the form of `digest`. */
  survey(path: string): Promise<readonly OracleEntry[]>;
  /** Ends the program. Safe to call twice. */
  close(): Promise<void>;
};

/** A command of the oracle failed. */
export class OracleError extends Error {
  override readonly name = 'OracleError';

  constructor(
    readonly line: OracleLine,
    readonly command: string,
    readonly code: number,
    message: string,
  ) {
    super(`${command} by plakar ${line}: ${message}`);
  }
}

/** Starts the program of a line, building it when needed. */
export async function oracle(line: OracleLine): Promise<Oracle> {
  const channel = openChannel(line, await oracleProgram(line));
  async function demand(request: OracleRequest): Promise<readonly Record<string, unknown>[]> {
    const reply = await channel.request(request);
    if (reply.code !== 0) throw new OracleError(line, request.command, reply.code, reply.error ?? 'failed');
    return reply.records;
  }
  return {
    line,
    request: channel.request,
    create: async (options) => void (await demand({ command: 'create', ...options })),
    async backup(store, path, options = {}) {
      const { name, ...others } = options;
      const [made] = await demand({ command: 'backup', ...store, path, orderedXattrs: true, snapshotName: name ?? '', ...others });
      return String(made?.['snapshot']);
    },
    ls: async (store) => (await channel.request({ command: 'ls', ...store }).then((reply) => tolerated(line, 'ls', reply))) as readonly OracleListed[],
    check: async (store, snapshot = '') =>
      (await channel.request({ command: 'check', ...store, snapshot }).then((reply) => tolerated(line, 'check', reply))) as readonly OracleChecked[],
    digest: async (store, snapshot = '') => asDigest(await demand({ command: 'digest', ...store, snapshot })),
    restore: async (store, to, options = {}) => void (await demand({ command: 'restore', ...store, to, ...options })),
    rm: async (store, snapshot) => void (await demand({ command: 'rm', ...store, snapshot })),
    maintenance: async (store, options = {}) => (await demand({ command: 'maintenance', grace: '0s', ...store, ...options }))[0] as OracleMaintained,
    mime: async (what) =>
      (await demand({ command: 'mime', ...asMimeRequest(what) })).map((record) => Buffer.from(String(record['mime']), 'base64').toString('utf8')),
    plant: async (list, to) => void (await demand({ command: 'plant', list, to })),
    survey: async (path) => (await demand({ command: 'survey', path })) as readonly unknown[] as readonly OracleEntry[],
    close: channel.close,
  };
}

/** Damage is an answer of these commands; anything else that failed is not. */
function tolerated(line: OracleLine, command: string, reply: OracleReply): readonly unknown[] {
  if (reply.code === 0 || (reply.code === 65 && reply.records.length > 0)) return reply.records;
  throw new OracleError(line, command, reply.code, reply.error ?? 'failed');
}

function asMimeRequest(what: { readonly samples: readonly Uint8Array[] } | { readonly list: string }): Record<string, unknown> {
  return 'list' in what ? what : { samples: what.samples.map((sample) => Buffer.from(sample).toString('base64')) };
}

function asDigest(records: readonly Record<string, unknown>[]): OracleDigest {
  const [head, ...rest] = records as readonly unknown[] as readonly [OracleDigest, ...(OracleEntry | { failed: string; message: string })[]];
  const entries: OracleEntry[] = [];
  const errors: { failed: string; message: string }[] = [];
  for (const record of rest) {
    if ('failed' in record) errors.push(record);
    else entries.push(record);
  }
  return { ...head, entries, errors };
}

type Channel = { request(request: OracleRequest): Promise<OracleReply>; close(): Promise<void> };

function openChannel(line: OracleLine, program: string): Channel {
  const child = spawn(program, ['batch'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const waiting: { readonly resolve: (reply: OracleReply) => void; readonly reject: (error: Error) => void; readonly records: Record<string, unknown>[] }[] =
    [];
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4000);
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    const record = JSON.parse(text) as Record<string, unknown>;
    const current = waiting[0];
    if (current === undefined) return;
    if (typeof record['done'] !== 'number') {
      current.records.push(record);
      return;
    }
    waiting.shift();
    current.resolve({ records: current.records, code: Number(record['code']), error: record['error'] === undefined ? undefined : String(record['error']) });
  });
  const ended = new Promise<void>((resolve) => {
    const end = (why: string) => {
      for (const open of waiting.splice(0)) open.reject(new OracleError(line, 'batch', 1, `${why}\n${complaints}`));
      resolve();
    };
    child.once('error', (error) => end(error.message));
    child.once('close', (code, signal) => end(`ended with ${code ?? signal}`));
  });
  // A request to a program that has ended: `close` rejects it, the pipe's own error adds nothing.
  child.stdin.on('error', (error) => {
    complaints += error.message;
  });
  return {
    request: (request) =>
      new Promise((resolve, reject) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          reject(new OracleError(line, request.command, 1, `the program has ended\n${complaints}`));
          return;
        }
        waiting.push({ resolve, reject, records: [] });
        child.stdin.write(`${JSON.stringify(request)}\n`);
      }),
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
