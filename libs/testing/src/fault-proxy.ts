import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What goes wrong on the line; `afterBytes` counts bytes towards the client on each connection since the fault was set. */
export type LineFault =
  /** Nothing listens any more, and open connections break, as when a server goes down. */
  | { readonly kind: 'refused' }
  /** Connections break by a reset: at once, or after so many bytes of answer; the first `times` connections only, by default all. */
  | { readonly kind: 'reset'; readonly afterBytes?: number; readonly times?: number }
  /** Connections stay and carry nothing more. */
  | { readonly kind: 'stalled'; readonly afterBytes?: number }
  /** By default one byte a second. */
  | { readonly kind: 'slow'; readonly bytesPerSecond?: number };

/** `roundTripMs`: half of it each way, and a whole one before the first bytes of a connection. `bytesPerSecond`: of all connections together, each way. */
export type LineShape = { readonly roundTripMs?: number; readonly bytesPerSecond?: number };

export type LineTarget = { readonly host?: string; readonly port: number };

export type LineProxy = {
  readonly host: string;
  /** Stays the same through `refused`. */
  readonly port: number;
  /** Connections made, and bytes passed on towards the server (up) and the client (down). */
  figures(): { readonly connections: number; readonly bytesUp: number; readonly bytesDown: number };
  /** For open and new connections, until the next call; null: all goes well again, and stalled connections go on. */
  fault(fault: LineFault | null): Promise<void>;
  close(): Promise<void>;
};

const HOST = '127.0.0.1';
/** Bytes on their way in one direction of one connection: enough for 100 ms at 300 Mbit/s. */
const WINDOW_BYTES = 4 << 20;
const SLICE_BYTES = 1 << 16;
/** What the pacing may catch up on after a late timer. */
const CATCH_UP_MS = 20;

type Way = 'up' | 'down';

/**
 * A TCP proxy on this machine in front of `target` for tests and benches: it passes bytes on with a latency and a bandwidth, and breaks the line when
 * told. It knows no protocol, so it serves SSH and TLS as well.
 */
export async function lineProxy(target: LineTarget, shape: LineShape = {}): Promise<LineProxy> {
  const line = new Line(target, shape);
  await line.listen(0);
  return {
    host: HOST,
    port: line.port,
    figures: () => ({ connections: line.connections, bytesUp: line.passed.up, bytesDown: line.passed.down }),
    fault: (fault) => line.setFault(fault),
    close: () => line.close(),
  };
}

class Line {
  port = 0;
  connections = 0;
  readonly passed = { up: 0, down: 0 };
  fault: LineFault | null = null;
  /** Grows with each fault set, so that pipes count their bytes anew. */
  epoch = 0;
  readonly #freeAtMs = { up: 0, down: 0 };
  readonly #open = new Set<Connection>();
  #server: Server | null = null;
  #changed = withResolvers();
  #resetsLeft = 0;

  constructor(
    readonly target: LineTarget,
    readonly shape: LineShape,
  ) {}

  async listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    server.listen(port, HOST);
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async setFault(fault: LineFault | null): Promise<void> {
    this.fault = fault;
    this.epoch += 1;
    this.#freeAtMs.up = this.#freeAtMs.down = 0;
    this.#resetsLeft = fault?.kind === 'reset' ? (fault.times ?? Number.POSITIVE_INFINITY) : 0;
    const changed = this.#changed;
    this.#changed = withResolvers();
    changed.resolve();
    if (fault?.kind === 'refused') await this.#stopListening();
    else if (this.#server === null) await this.listen(this.port);
    if (fault?.kind === 'refused' || (fault?.kind === 'reset' && fault.afterBytes === undefined))
      for (const connection of this.#open) this.mayReset(connection);
  }

  async close(): Promise<void> {
    await this.#stopListening();
    for (const connection of this.#open) connection.reset();
  }

  /** Resets the connection unless `times` is used up. */
  mayReset(connection: Connection): boolean {
    if (this.fault?.kind === 'reset') {
      if (this.#resetsLeft <= 0) return false;
      this.#resetsLeft -= 1;
    }
    connection.reset();
    return true;
  }

  /** Until the fault is another one, or `waitMs` have passed. */
  async wait(waitMs: number): Promise<void> {
    if (waitMs <= 0) return;
    let timer: NodeJS.Timeout | undefined;
    const passed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(waitMs, 2 ** 31 - 1));
    });
    await Promise.race([passed, this.#changed.promise]);
    clearTimeout(timer);
  }

  rate(): number {
    return this.fault?.kind === 'slow' ? (this.fault.bytesPerSecond ?? 1) : (this.shape.bytesPerSecond ?? Number.POSITIVE_INFINITY);
  }

  /** Milliseconds until so many bytes are through, when all connections share the bandwidth. */
  occupy(way: Way, bytes: number): number {
    const rate = this.rate();
    if (rate === Number.POSITIVE_INFINITY) return 0;
    const now = performance.now();
    this.#freeAtMs[way] = Math.max(this.#freeAtMs[way], now - CATCH_UP_MS) + (bytes / rate) * 1000;
    return this.#freeAtMs[way] - now;
  }

  forget(connection: Connection): void {
    this.#open.delete(connection);
  }

  #accept(client: Socket): void {
    this.connections += 1;
    const connection = new Connection(this, client);
    this.#open.add(connection);
    if (this.fault?.kind === 'reset' && this.fault.afterBytes === undefined) this.mayReset(connection);
  }

  async #stopListening(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = once(server, 'close');
    server.close();
    for (const connection of this.#open) connection.reset();
    await closed;
  }
}

class Connection {
  readonly #client: Socket;
  readonly #server: Socket;

  constructor(line: Line, client: Socket) {
    this.#client = client;
    this.#server = connect({ host: line.target.host ?? HOST, port: line.target.port, allowHalfOpen: true, noDelay: true });
    const opened = performance.now();
    const up = new Pipe(line, this, { way: 'up', from: client, to: this.#server, firstAtMs: opened + (line.shape.roundTripMs ?? 0) });
    const down = new Pipe(line, this, { way: 'down', from: this.#server, to: client, firstAtMs: opened });
    for (const socket of [client, this.#server]) {
      socket.on('error', () => this.reset());
      socket.on('close', () => {
        if (!up.ended || !down.ended) this.reset();
        line.forget(this);
      });
    }
  }

  reset(): void {
    for (const socket of [this.#client, this.#server]) if (!socket.destroyed) socket.resetAndDestroy();
  }
}

type Route = { readonly way: Way; readonly from: Socket; readonly to: Socket; readonly firstAtMs: number };

class Pipe {
  /** The source has ended and all of it has been passed on. */
  ended = false;
  readonly #queue: { readonly bytes: Buffer; readonly dueAtMs: number }[] = [];
  #queuedBytes = 0;
  #sourceEnded = false;
  #running = false;
  #passedSinceFault = 0;
  #epoch = 0;

  constructor(
    readonly line: Line,
    readonly connection: Connection,
    readonly route: Route,
  ) {
    route.from.on('data', (bytes) => this.#take(bytes));
    route.from.on('end', () => {
      this.#sourceEnded = true;
      this.#start();
    });
  }

  #take(bytes: Buffer): void {
    const half = (this.line.shape.roundTripMs ?? 0) / 2;
    this.#queue.push({ bytes, dueAtMs: Math.max(performance.now(), this.route.firstAtMs) + half });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > WINDOW_BYTES) this.route.from.pause();
    this.#start();
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#run()
      .catch(() => this.connection.reset())
      .finally(() => {
        this.#running = false;
        if (this.#queue.length > 0 && !this.route.to.destroyed) this.#start();
      });
  }

  async #run(): Promise<void> {
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      for (let left = head.dueAtMs - performance.now(); left > 0; left = head.dueAtMs - performance.now()) await this.line.wait(left);
      await this.#pass(head.bytes);
      this.#queue.shift();
      this.#queuedBytes -= head.bytes.length;
      if (this.#queuedBytes <= WINDOW_BYTES) this.route.from.resume();
    }
    if (!this.#sourceEnded || this.ended) return;
    this.ended = true;
    this.route.to.end();
  }

  async #pass(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const allowed = await this.#allowedBytes();
      const sliceBytes = Math.min(SLICE_BYTES, Math.max(1, Math.ceil(this.line.rate() / 100)), allowed);
      const slice = bytes.subarray(at, at + sliceBytes);
      const epoch = this.line.epoch;
      await this.line.wait(this.line.occupy(this.route.way, slice.length));
      if (this.route.to.destroyed) throw new Error('the other side is gone');
      // A fault was set while this waited: it decides about these bytes.
      if (epoch !== this.line.epoch) continue;
      if (!this.route.to.write(slice)) await drained(this.route.to);
      at += slice.length;
      this.#passedSinceFault += slice.length;
      this.line.passed[this.route.way] += slice.length;
    }
  }

  /** How much may pass before the fault strikes; strikes when that is nothing. */
  async #allowedBytes(): Promise<number> {
    for (;;) {
      if (this.route.to.destroyed) throw new Error('the other side is gone');
      const { fault, epoch } = this.line;
      if (epoch !== this.#epoch) [this.#epoch, this.#passedSinceFault] = [epoch, 0];
      if (fault === null || fault.kind === 'slow' || fault.kind === 'refused') return Number.POSITIVE_INFINITY;
      if (fault.afterBytes !== undefined && this.route.way === 'up') return Number.POSITIVE_INFINITY;
      const left = (fault.afterBytes ?? 0) - this.#passedSinceFault;
      if (left > 0) return left;
      if (fault.kind === 'reset' && !this.line.mayReset(this.connection)) return Number.POSITIVE_INFINITY;
      if (fault.kind === 'stalled') await this.line.wait(2 ** 31 - 1);
    }
  }
}

/** Until it takes more, or is gone; listens to it no longer than that. */
async function drained(socket: Socket): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race(['drain', 'close'].map((event) => once(socket, event, { signal: over.signal })));
  } finally {
    over.abort();
  }
}

function withResolvers(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
