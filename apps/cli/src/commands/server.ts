import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type Answered, type ServedStore, serveStore } from '@wardrobe/connections';
import { NotAStoreError, type WritableStore } from '@wardrobe/kloset';
import { counted } from '@wardrobe/words';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { sayMistake, usage } from '../failures.js';
import { printable } from '../printable.js';
import { openResolved, resolveStore, type Session } from '../session.js';

export type ServerCommandOptions = {
  readonly listen: string;
  readonly readWrite?: boolean;
  readonly allowDelete?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tokenFile?: string;
  readonly insecure?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
};

const DEFAULT_PORT = 9876;
const MIN_TOKEN_CHARACTERS = 16;
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);

/** `server`: the store for other machines, in both protocols of plakar's store servers, until Ctrl-C. It needs no passphrase: files go through as they lie. */
export async function server(session: Session, options: ServerCommandOptions): Promise<ExitCode> {
  const { host, port } = parseListen(options.listen);
  const tls = readTls(options);
  const token = readToken(options.tokenFile);
  checkAccess(options, { host, isSafe: tls !== null && token !== null });
  const store = await openResolved(session, await resolveStore(session));
  session.onClose.push(() => store.close());
  const isThere = await lookAt(session, store, options);
  const tally = { requests: 0, refused: 0 };
  const served: ServedStore = {
    store,
    writable: options.readWrite === true,
    allowDelete: options.allowDelete === true,
    token,
    temporaryFolder: tmpdir(),
    onAnswered: (answered) => note(session, { answered, tally, options }),
  };
  const listening = await sayMistake(() => serveStore(served, { host, port, tls }));
  await announce(session, { url: listening.url, token, isThere, options });
  if (!session.signal.aborted) await once(session.signal, 'abort');
  session.terminal.progress.clear();
  await listening.close();
  if (!options.quiet && !options.json) await session.terminal.line(`Ended after ${counted(tally.requests, 'request')}, ${tally.refused} refused.`);
  return EXIT.fine;
}

/** A store that only is read must be there; one that is written may be made over this very address. */
async function lookAt(session: Session, store: WritableStore, { readWrite }: ServerCommandOptions): Promise<boolean> {
  try {
    await store.readConfig({ signal: session.signal });
    return true;
  } catch (error) {
    if (!(error instanceof NotAStoreError) || !readWrite) throw error;
    session.terminal.warn(`there is no store at ${session.storeLocation} yet: it can be made over the address below with create`);
    return false;
  }
}

type Noted = { readonly answered: Answered; readonly tally: { requests: number; refused: number }; readonly options: ServerCommandOptions };

/** Refusals are told, since clients of plakar often show less than they were told. A missing item is an everyday answer. */
function note(session: Session, { answered, tally, options }: Noted): void {
  const { method, path, status, failure } = answered;
  tally.requests += 1;
  if (failure !== null) tally.refused += 1;
  if (options.quiet) return;
  if (failure !== null && status !== 404) session.terminal.warn(printable(`${method} ${path.slice(0, 120)}: ${failure}`));
  session.terminal.progress.show('requests', tally.requests, null);
}

type Announced = { readonly url: string; readonly token: string | null; readonly isThere: boolean; readonly options: ServerCommandOptions };

async function announce(session: Session, { url, token, isThere, options }: Announced): Promise<void> {
  const access = !options.readWrite ? 'read-only' : options.allowDelete ? 'read, write, delete' : 'read, write';
  if (options.json) return session.terminal.json({ url, access, token: token !== null, store: isThere });
  if (options.quiet) return;
  await session.terminal.line(`${printable(session.storeLocation)} at ${url} (${access}) until Ctrl-C.`);
  await session.terminal.line(`  wardrobe at ${url} ls`);
  if (token === null) await session.terminal.line(`  plakar at ${url} ls`);
  else await session.terminal.line('  with the token as the option auth_token; plakar 1.0 cannot send one.');
}

/** `HOST:PORT`, a port, or a host. */
function parseListen(listen: string): { readonly host: string; readonly port: number } {
  const found = /^(?:(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):)?(\d{1,5})$/i.exec(listen);
  const port = Number(found?.[3]);
  if (found === null || port > 65_535) throw usage(`--listen takes HOST:PORT or a port, not '${listen}'.`, `For example 127.0.0.1:${DEFAULT_PORT}.`);
  return { host: found[1] ?? found[2] ?? '127.0.0.1', port };
}

function checkAccess(options: ServerCommandOptions, { host, isSafe }: { readonly host: string; readonly isSafe: boolean }): void {
  if (options.allowDelete && !options.readWrite) throw usage('--allow-delete needs --read-write: a server that only reads deletes nothing.');
  if (LOOPBACK.has(host) || isSafe || options.insecure) return;
  throw usage(
    `Whoever reaches ${host} could ${options.readWrite ? 'read and change' : 'copy'} this store, or watch the line.`,
    'Give a certificate (--tls-cert, --tls-key) and a token (--token-file), or take the risk with --insecure.',
  );
}

function readTls({ tlsCert, tlsKey }: ServerCommandOptions): { readonly cert: Buffer; readonly key: Buffer } | null {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined) throw usage('--tls-cert and --tls-key belong together.');
  return { cert: readLocal(tlsCert, 'certificate'), key: readLocal(tlsKey, 'key') };
}

function readToken(file: string | undefined): string | null {
  if (file === undefined) return null;
  const token = readLocal(file, 'token').toString('utf8').trim();
  if (!/^[!-~]+$/.test(token) || token.length < MIN_TOKEN_CHARACTERS)
    throw usage(`The token in ${file} must be one word of ${MIN_TOKEN_CHARACTERS} characters or more.`, 'Make one with: openssl rand -hex 32');
  return token;
}

function readLocal(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw usage(`The ${what} file cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
