import type { MessagePort } from 'node:worker_threads';
import { failureOf } from './failure.js';
import { type FromWorker, isStream, type Methods, PIECE_BYTES, STREAM_WINDOW, type ToWorker } from './protocol.js';

type Running = { readonly abort: AbortController; readonly spare: ArrayBuffer[]; credit: number; wake: (() => void) | null };

/** Answers calls on a port with the methods of one role, until the port closes. */
export function serve(port: MessagePort, methods: Methods): void {
  const running = new Map<number, Running>();
  const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  port.on('message', (message: ToWorker) => {
    const call = running.get(message.id);
    if (message.kind === 'abort') call?.abort.abort();
    if (message.kind === 'credit' && call) {
      call.credit += message.spare.length;
      call.spare.push(...message.spare);
    }
    if (message.kind !== 'call') {
      call?.wake?.();
      return;
    }
    const started: Running = { abort: new AbortController(), spare: [], credit: STREAM_WINDOW, wake: null };
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
    for await (const piece of answer) for (let at = 0; at < piece.length; at += PIECE_BYTES) await sendPiece(id, call, piece.subarray(at, at + PIECE_BYTES));
    send({ kind: 'end', id });
  }

  /** A piece may be a window into WASM memory, a cache or the Buffer pool: only a copy may leave the thread. */
  async function sendPiece(id: number, call: Running, piece: Uint8Array): Promise<void> {
    while (call.credit === 0 && !call.abort.signal.aborted) await new Promise<void>((wake) => Object.assign(call, { wake }));
    call.abort.signal.throwIfAborted();
    call.credit -= 1;
    const buffer = call.spare.pop() ?? new ArrayBuffer(PIECE_BYTES);
    const bytes = new Uint8Array(buffer, 0, piece.length);
    bytes.set(piece);
    send({ kind: 'piece', id, bytes }, [buffer]);
  }
}
