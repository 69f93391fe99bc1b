import { once } from 'node:events';
import { listSnapshots, type Repository, type SnapshotHeader } from '@wardrobe/kloset';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { serveDav } from '../mount/dav-server.js';
import { type MountTree, snapshotTree, storeTree } from '../mount/tree.js';
import { type Reach, select } from '../select.js';
import { openStore, type Session, warnUnreadable } from '../session.js';

export type MountOptions = Reach & { readonly listen: string; readonly json?: boolean };

/** New snapshots are looked for at most this often. */
const LIST_AGAIN_MS = 5_000;

/** `mount`: the store, or one directory of a snapshot, as a read-only WebDAV folder, until Ctrl-C. */
export async function mount(session: Session, argument: string | undefined, options: MountOptions): Promise<ExitCode> {
  const { host, port } = parseListen(options.listen);
  const repository = await openStore(session);
  const incomplete = warnUnreadable(session, repository);
  const tree = await treeFor(session, repository, { argument, options });
  const { server, url } = await serveDav(tree, { host, port, onProblem: (sentence) => session.terminal.warn(sentence) });
  if (options.json) await session.terminal.json({ url, incomplete });
  else {
    await session.terminal.line(`Read-only at ${url} until Ctrl-C.`);
    for (const line of advice(url)) await session.terminal.line(`  ${line}`);
  }
  if (!session.signal.aborted) await once(session.signal, 'abort');
  server.close();
  server.closeAllConnections();
  return incomplete ? EXIT.damaged : EXIT.fine;
}

async function treeFor(
  session: Session,
  repository: Repository,
  { argument, options }: { readonly argument: string | undefined; readonly options: MountOptions },
): Promise<MountTree> {
  if (argument === undefined) return storeTree(repository, headersOf(session, repository));
  const { snapshot, path } = await select(session, repository, { argument, reach: options });
  return snapshotTree(snapshot, path);
}

/** Newest first. A snapshot whose header cannot be read is told once and not shown. */
function headersOf(session: Session, repository: Repository): () => Promise<readonly SnapshotHeader[]> {
  const told = new Set<string>();
  let listedAtMs = Number.NEGATIVE_INFINITY;
  let listed: Promise<readonly SnapshotHeader[]> = Promise.resolve([]);
  const list = async (): Promise<readonly SnapshotHeader[]> => {
    await repository.refresh({ signal: session.signal });
    const headers: SnapshotHeader[] = [];
    for await (const found of listSnapshots(repository, { signal: session.signal })) {
      if ('header' in found) headers.push(found.header);
      else if (!told.has(found.id)) session.terminal.warn(`snapshot ${found.id.slice(0, 8)} is left out: ${found.error.message}`);
      if ('id' in found) told.add(found.id);
    }
    return headers.sort((a, b) => (a.timestampNs > b.timestampNs ? -1 : 1));
  };
  return () => {
    if (performance.now() - listedAtMs < LIST_AGAIN_MS) return listed;
    listedAtMs = performance.now();
    listed = list();
    listed.catch(() => {
      listedAtMs = Number.NEGATIVE_INFINITY;
    });
    return listed;
  };
}

/** `HOST:PORT` or a port. Only this machine's own addresses: nobody asks for a password here. */
function parseListen(listen: string): { readonly host: string; readonly port: number } {
  const found = /^(?:(127\.0\.0\.1|localhost|\[::1\]):)?(\d{1,5})$/.exec(listen);
  const port = Number(found?.[2]);
  if (found === null || port > 65_535)
    throw usage(
      `--listen takes a port, or 127.0.0.1:PORT, not '${listen}'.`,
      'Other machines cannot reach a mount: it asks for no password. Use the console for that.',
    );
  return { host: found[1]?.replace(/^\[|\]$/g, '') ?? '127.0.0.1', port };
}

function advice(url: string): readonly string[] {
  switch (process.platform) {
    case 'darwin':
      return [`Finder: Go, Connect to Server, ${url}`, `or: mount_webdav -S ${url} /Volumes/backup`];
    case 'win32':
      return [`net use * ${url}`];
    default:
      return [`file manager: ${url.replace('http', 'dav')}`, `or: gio mount ${url.replace('http', 'dav')}`, `or, as root: mount -t davfs -o ro ${url} /mnt`];
  }
}
