import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { StoreError } from '@wardrobe/store-connector';
import { shortened } from './sftp-errors.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the command says last is enough for a sentence. */
const SAID_BYTES = 2_000;

/**
 * A line that runs through a program of the user's SSH configuration: what the program reads and prints is what goes over the line.
 * @param where for messages: the host that is reached so
 */
export function commandLine(command: string, { where, environment }: { readonly where: string; readonly environment: Environment }): Duplex {
  const exec = process.platform === 'win32' ? command : `exec ${command}`;
  return new CommandLine(spawn(exec, { shell: true, stdio: ['pipe', 'pipe', 'pipe'], env: { ...environment } as NodeJS.ProcessEnv }), where);
}

class CommandLine extends Duplex {
  #said = '';

  constructor(
    readonly child: ChildProcessWithoutNullStreams,
    readonly where: string,
  ) {
    super();
    child.stdout.on('data', (piece: Buffer) => {
      if (!this.push(piece)) child.stdout.pause();
    });
    child.stderr.on('data', (piece: Buffer) => {
      this.#said = `${this.#said}${piece.toString('utf8')}`.slice(-SAID_BYTES);
    });
    // A program that has ended tells why by its exit, not by the pipe.
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => this.destroy(this.#failure(`cannot be run (${error.message})`)));
    child.once('close', (code, signal) => {
      if (code === 0) this.push(null);
      else this.destroy(this.#failure(`ended with ${code ?? signal}`));
    });
  }

  override _read(): void {
    this.child.stdout.resume();
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.child.stdin.write(piece) || this.child.stdin.destroyed) done();
    else {
      const go = (): void => {
        this.child.stdin.off('drain', go).off('close', go);
        done();
      };
      this.child.stdin.on('drain', go).on('close', go);
    }
  }

  override _final(done: () => void): void {
    this.child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.child.kill();
    done(error);
  }

  #failure(how: string): StoreError {
    const said = this.#said.trim() === '' ? '' : `: ${shortened(this.#said)}`;
    return new StoreError(`${this.where} cannot be reached: the ProxyCommand of the SSH configuration ${how}${said}`, { fault: 'route', retryable: true });
  }
}
