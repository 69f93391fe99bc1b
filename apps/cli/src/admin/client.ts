import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { ADMIN_SOCKET, type AdminPath } from '@wardrobe/contracts';
import { type CliEnvironment, dataDirectory } from '../env.js';
import { CliError, EXIT } from '../exit-codes.js';
import { serverWords } from '../server-words.js';

/** The data folder of the server, by the same convention as the server's own (README, "Data folder"). */
export function dataDirectoryOf(env: CliEnvironment): string {
  return dataDirectory({ WARDROBE_DATA: env.dataDirectory }, env.dataBase);
}

/** One call over the server's socket. @throws CliError no server there, no permission, or the server's own sentence */
export function callServer(env: CliEnvironment, path: AdminPath, body: unknown): Promise<unknown> {
  const directory = dataDirectoryOf(env);
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath: socketOf(directory),
        path,
        method: 'POST',
        headers: { host: 'localhost', 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          try {
            resolve(answerOf(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    sent.once('error', (error: NodeJS.ErrnoException) => reject(connectionError(error, directory)));
    sent.end(text);
  });
}

/** A data folder whose path is too long for a socket names the place of its socket in a file. */
function socketOf(directory: string): string {
  try {
    return readFileSync(join(directory, 'admin.address'), 'utf8').trim() || join(directory, ADMIN_SOCKET);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES')) return join(directory, ADMIN_SOCKET);
    throw error;
  }
}

function connectionError(error: NodeJS.ErrnoException, directory: string): unknown {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')
    return new CliError(
      EXIT.usage,
      `No server is running on the data folder ${directory}.`,
      'Start it with npm start, or name its data folder in WARDROBE_DATA.',
      { cause: error },
    );
  if (error.code === 'EACCES')
    return new CliError(EXIT.denied, `There is no permission to talk to the server of ${directory}.`, 'Run this as the account that runs the server.', {
      cause: error,
    });
  return error;
}

function answerOf(status: number, text: string): unknown {
  if (status < 400) return JSON.parse(text);
  const said = serverWords(text);
  throw new CliError(status === 401 || status === 403 ? EXIT.denied : EXIT.usage, said?.sentence ?? `The server refused (HTTP ${status}).`, said?.next ?? null);
}
