import type { EventEmitter } from 'node:events';

export type Level = 'info' | 'warn' | 'error';
export type Log = (level: Level, message: string) => void;

/** One line an event, on stderr; stdout carries what the person at the terminal asked for. */
export function createLog(write: (line: string) => void = (line) => void process.stderr.write(line)): Log {
  return (level, message) => write(`${new Date().toISOString()} ${level.padEnd(5)} ${message.replaceAll('\n', ' ')}\n`);
}

/** Progress lines for the person at the terminal. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/**
 * Lets the server outlive whoever reads what it prints (a pager that was closed, a pipe whose end is gone). Without a listener each failed write would be an
 * uncaught error, which is printed, which fails again: the process would do nothing else.
 */
export function outliveReaders(streams: readonly EventEmitter[] = [process.stdout, process.stderr]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // Nobody is left to be told.
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
