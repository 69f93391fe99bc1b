import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Standard output and error of one command. Lines are written in order; a closed pipe ends the command quietly. */
export type Terminal = {
  /** One line on standard output. */
  line(text: string): Promise<void>;
  /** One object a line. BigInts become decimal text. */
  json(value: unknown): Promise<void>;
  bytes(chunk: Uint8Array): Promise<void>;
  warn(text: string): void;
  progress: Progress;
  flush(): Promise<void>;
};

export type Progress = { show(label: string, done: number, total: number | null): void; clear(): void };

export function createTerminal(): Terminal {
  const progress = process.stderr.isTTY ? ttyProgress() : { show() {}, clear() {} };
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    line: (text) => write(`${text}\n`),
    json: (value) => write(`${JSON.stringify(value, bigintText)}\n`),
    bytes: write,
    warn(text) {
      progress.clear();
      process.stderr.write(`wardrobe: ${text}\n`);
    },
    progress,
    async flush() {
      progress.clear();
      await write('');
    },
  };
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function write(chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => (error && (error as NodeJS.ErrnoException).code !== 'EPIPE' ? reject(error) : resolve()));
  });
}

/** A single line that is redrawn at most ten times a second: label, share, rate and time left. */
function ttyProgress(): Progress {
  let startedMs = 0;
  let drawnMs = 0;
  let label = '';
  return {
    show(nextLabel, done, total) {
      const nowMs = performance.now();
      if (nextLabel !== label) {
        label = nextLabel;
        startedMs = nowMs;
      }
      if (nowMs - drawnMs < 100) return;
      drawnMs = nowMs;
      process.stderr.write(`\r\u001b[K${progressText(label, { done, total, seconds: (nowMs - startedMs) / 1000 })}`);
    },
    clear() {
      if (drawnMs > 0) process.stderr.write('\r\u001b[K');
      drawnMs = 0;
    },
  };
}

export function progressText(label: string, { done, total, seconds }: { done: number; total: number | null; seconds: number }): string {
  const rate = seconds > 0.5 ? done / seconds : 0;
  const share = total === null || total === 0 ? `${done}` : `${done}/${total} (${Math.floor((100 * done) / total)} %)`;
  const left = rate > 0 && total !== null && total > done ? `, ${Math.ceil((total - done) / rate)} s left` : '';
  return `${label}: ${share}${rate > 0 ? `, ${rate.toFixed(rate < 10 ? 1 : 0)}/s` : ''}${left}`;
}

/** Asks for a passphrase without showing it. Only on a terminal. */
export function askHidden(question: string): Promise<string> {
  const muted = new Writable({ write: (_chunk, _encoding, done) => done() });
  process.stderr.write(question);
  const reader = createInterface({ input: process.stdin, output: muted, terminal: true });
  return new Promise((resolve, reject) => {
    reader.once('SIGINT', () => {
      reader.close();
      reject(new Error('interrupted'));
    });
    reader.question('', (answer) => {
      reader.close();
      process.stderr.write('\n');
      resolve(answer);
    });
  });
}
