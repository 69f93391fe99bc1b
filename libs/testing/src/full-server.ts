import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { once } from 'node:events';

/** Far more than a queue of one takes. */
const FILLING = 16;

/** A port of this machine on which connections are neither taken nor refused: whoever listens sleeps, and its queue is full. Linux. */
export async function fullServer(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const program = `require('node:net').createServer().listen(0, '127.0.0.1', 1, function () {
    require('node:fs').writeSync(1, String(this.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  })`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(first.toString('utf8'));
  const sockets = Array.from({ length: FILLING }, () => connect({ port, host: '127.0.0.1' }).on('error', () => undefined));
  await new Promise((resolve) => setTimeout(resolve, 200));
  return {
    port,
    async close() {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}
