/** Times of this process; tests set them. */
export type Clock = { readonly nowMs: () => number };

/** Seals small secrets under the key file. `about` is bound to the result: a sealed value cannot be moved to another place. */
export interface Sealer {
  seal(plain: Uint8Array, about: string): Uint8Array;
  /** @throws Error when the key file is another one or the bytes were changed */
  open(sealed: Uint8Array, about: string): Uint8Array;
}

export type ApiConfig = {
  /** Address under which browsers and agents reach the console, without a trailing slash. Its host (and `allowedHosts`) is what requests must name. */
  readonly baseUrl: string;
  readonly allowedHosts?: readonly string[];
  /** The console is reached by https only: cookies are Secure. */
  readonly secure: boolean;
  readonly demo: boolean;
  /** Folders below which local stores may lie. */
  readonly storeRoots: readonly string[];
  /** Folders below which restores may write; none by default. */
  readonly restoreRoots?: readonly string[];
  /** Restores may set owners and setuid bits. */
  readonly restorePrivileges?: boolean;
  /** How long a job that was cancelled may take to end before its thread is ended. Default 30 s. */
  readonly cancelGraceMs?: number;
  readonly version: string;
  /** Takes the client's address from `X-Forwarded-For` (last entry). */
  readonly behindProxy?: boolean;
  /** Bundle of `workers/worker.ts`. */
  readonly workerUrl: URL;
};

/** One line per event for the server's log: never a secret, never a file name of a backup. */
export type Log = (level: 'info' | 'warn' | 'error', message: string) => void;
