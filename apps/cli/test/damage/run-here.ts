import type { CliEnvironment } from '../../src/env.js';
import { runCommandLine } from '../../src/run.js';

/** What was printed, in the order in which it came. */
export type Printed = { readonly bytes: Uint8Array } | { readonly warning: string };
export type HereRun = { readonly code: number; readonly out: string; readonly err: string; readonly printed: readonly Printed[]; readonly ms: number };

/** Runs a command line in this process: the same code from the arguments to the exit code as in a process of its own, without its start. */
export async function runHere(args: readonly string[], env: Partial<CliEnvironment>): Promise<HereRun> {
  const printed: Printed[] = [];
  const put = async (text: string): Promise<void> => void printed.push({ bytes: Buffer.from(text) });
  const startedMs = performance.now();
  const code = await runCommandLine(args, {
    terminal: {
      line: (text) => put(`${text}\n`),
      json: (value) => put(`${JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner))}\n`),
      bytes: async (chunk) => void printed.push({ bytes: Uint8Array.from(chunk) }),
      warn: (text) => void printed.push({ warning: text }),
      progress: { show() {}, clear() {} },
      flush: async () => undefined,
    },
    env: { ...NOWHERE, ...env },
    signal: new AbortController().signal,
  });
  return {
    code,
    out: Buffer.concat(printed.map((item) => ('bytes' in item ? item.bytes : new Uint8Array(0)))).toString('utf8'),
    err: printed
      .map((item) => ('warning' in item ? item.warning : ''))
      .filter(Boolean)
      .join('\n'),
    printed,
    ms: performance.now() - startedMs,
  };
}

const NOWHERE: CliEnvironment = {
  passphrase: undefined,
  store: '/nonexistent/store',
  homeStore: '/nonexistent/.plakar',
  surroundings: {
    host: { environment: {}, home: '/nonexistent', temporaryFolder: '/nonexistent/tmp' },
    configFolder: null,
    plakarFolder: null,
    connectorsFolder: null,
  },
  indexDirectory: '/nonexistent/index',
  configDirectory: '/nonexistent/config',
  dataDirectory: undefined,
  cacheBase: '/nonexistent/cache',
  dataBase: '/nonexistent/data',
  password: undefined,
  tags: [],
};
