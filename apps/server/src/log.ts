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
