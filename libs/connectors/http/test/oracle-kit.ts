import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OracleLine, oracleProgram } from '@wardrobe/testing';

export type OracleServer = { readonly url: string; close(): Promise<void> };

/** A store server of a line of plakar over a store in a folder. */
export async function oracleServer(
  line: OracleLine,
  store: { readonly store: string; readonly passphrase?: string | undefined },
  allowDelete = false,
): Promise<OracleServer> {
  const listen = `127.0.0.1:${await freePort()}`;
  const args = ['serve', '-store', store.store, '-listen', listen, ...(allowDelete ? ['-allow-delete'] : [])];
  const child = spawn(await oracleProgram(line), args, { env: { ...process.env, ORACLE_PASSPHRASE: store.passphrase ?? '' }, stdio: 'ignore' });
  const url = `http://${listen}`;
  await answered(url, child);
  return {
    url,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Any answer will do. */
async function answered(url: string, child: ChildProcess): Promise<void> {
  for (let tried = 0; tried < 300; tried += 1) {
    if (child.exitCode !== null) break;
    try {
      await fetch(url);
      return;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      await sleep(100);
    }
  }
  throw new Error('the server of the oracle does not answer');
}
