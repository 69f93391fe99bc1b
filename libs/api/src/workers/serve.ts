import type { MessagePort } from 'node:worker_threads';
import { failureOf } from './failure.js';
import { type FromWorker, isStream, type Methods, STREAM_WINDOW, type ToWorker } from './protocol.js';

type Running = { readonly abort: AbortController; credit: number; wake: (() => void) | null };

/** Answers calls on a port with the methods of one role, until the port closes. */
export function serve(port: MessagePort, methods: Methods): void {
  const running = new Map<number, Running>();
  const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  port.on('message', (message: ToWorker) => {
    const call = running.get(message.id);
    if (message.kind === 'abort') call?.abort.abort();
    if (message.kind === 'credit' && call) call.credit += message.count;
    if (message.kind !== 'call') {
      call?.wake?.();
      return;
    }
    const started: Running = { abort: new AbortController(), credit: STREAM_WINDOW, wake: null };
    running.set(message.id, started);
    run(message, started)
      .catch((error: unknown) => send({ kind: 'failure', id: message.id, failure: failureOf(error) }))
      .finally(() => running.delete(message.id));
  });

  async function run({ id, method, args }: ToWorker & { kind: 'call' }, call: Running): Promise<void> {
    const found = methods[method];
    if (found === undefined) throw new Error(`no method ${method}`);
    const answer = found(args as never, { signal: call.abort.signal, progress: (value) => send({ kind: 'progress', id, value }) });
    if (!isStream(answer)) {
      send({ kind: 'result', id, value: await answer });
      return;
    }
    for await (const piece of answer) {
      while (call.credit === 0 && !call.abort.signal.aborted) await new Promise<void>((wake) => Object.assign(call, { wake }));
      call.abort.signal.throwIfAborted();
      call.credit -= 1;
      // A piece may be a window into WASM memory, a cache or the Buffer pool: only a copy may leave the thread (slice of a Buffer is no copy).
      const bytes = new Uint8Array(piece);
      send({ kind: 'piece', id, bytes }, [bytes.buffer]);
    }
    send({ kind: 'end', id });
  }
}
