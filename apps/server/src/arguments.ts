import { parseArgs } from 'node:util';
import { StartError } from '@wardrobe/db';
import { isLoopback } from './address.js';

export const DEFAULT_PORT = 7300;
export const USAGE = `Usage: npm start -- [options]

  --host ADDRESS        listen there (default 127.0.0.1)
  --port PORT           (default ${DEFAULT_PORT}; 0 takes a free one)
  --data FOLDER         data folder (default: WARDROBE_DATA, else by the system's convention)
  --demo                add a demonstration: a store with three machines that disagree
  --tls-cert FILE       certificate chain (PEM); with --tls-key serves https
  --tls-key FILE        private key (PEM)
  --behind-proxy        a reverse proxy serves https; wants --base-url
  --base-url URL        the address people and agents use, https://…
  --insecure            listen beyond this computer without https (passwords and data travel readable)
  --help                this text

Environment: WARDROBE_DATA, WARDROBE_KEY_FILE, WARDROBE_STORE_ROOTS, WARDROBE_RESTORE_ROOTS, WARDROBE_RESTORE_OWNERS, WARDROBE_ALLOWED_HOSTS,
             WARDROBE_PG_HOME, DATABASE_URL
`;

export type ServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly data: string | undefined;
  readonly demo: boolean;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly behindProxy: boolean;
  /** Without a trailing slash; null: made from host and port. */
  readonly baseUrl: string | null;
  readonly insecure: boolean;
};

/** `help`: print the usage and end. @throws StartError for wrong words and for combinations that would expose the console */
export function readArguments(words: readonly string[]): ServerOptions | 'help' {
  const values = parse(words);
  if (values.help === true) return 'help';
  const options: ServerOptions = {
    host: values.host ?? '127.0.0.1',
    port: portOf(values.port),
    data: values.data,
    demo: values.demo ?? false,
    tls: tlsOf(values['tls-cert'], values['tls-key']),
    behindProxy: values['behind-proxy'] ?? false,
    baseUrl: baseUrlOf(values['base-url']),
    insecure: values.insecure ?? false,
  };
  refuseExposure(options);
  return options;
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        host: { type: 'string' },
        port: { type: 'string' },
        data: { type: 'string' },
        demo: { type: 'boolean' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
        'behind-proxy': { type: 'boolean' },
        'base-url': { type: 'string' },
        insecure: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`, { cause: error });
  }
}

function portOf(text: string | undefined): number {
  const port = Number(text ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new StartError(`--port ${text}: not a port number (0 to 65535).`);
  return port;
}

function tlsOf(cert: string | undefined, key: string | undefined): ServerOptions['tls'] {
  if (cert === undefined && key === undefined) return null;
  if (cert === undefined || key === undefined) throw new StartError('https needs both --tls-cert and --tls-key.');
  return { cert, key };
}

function baseUrlOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '' || url.username !== '') {
    throw new StartError(`--base-url ${text}: want an address like https://wardrobe.example.org, without a path.`);
  }
  return url.origin;
}

/** Passwords, session cookies and backed-up files must not cross a network readable. */
function refuseExposure({ host, tls, behindProxy, baseUrl, insecure }: ServerOptions): void {
  if (behindProxy && tls !== null) throw new StartError('Give either --tls-cert/--tls-key or --behind-proxy, not both.');
  if (behindProxy && !baseUrl?.startsWith('https://')) throw new StartError('--behind-proxy wants --base-url https://…: the address that the proxy serves.');
  if (tls !== null && baseUrl?.startsWith('http://')) throw new StartError('With --tls-cert the --base-url is an https:// address.');
  if (isLoopback(host) || tls !== null || behindProxy || insecure) return;
  throw new StartError(
    `--host ${host} would serve passwords and backed-up files readable on the network. Give --tls-cert and --tls-key, or --behind-proxy with --base-url https://…, or --insecure if the network is trusted.`,
  );
}
