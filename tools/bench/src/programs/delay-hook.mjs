/** Loaded into the server's main thread: answers `reset` and `read` with how late its event loop was, in ms. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION_MS = 5;

if (isMainThread && process.send) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  // The histogram holds whole intervals between two ticks; what goes beyond the resolution is delay.
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  process.on('message', (message) => {
    if (message === 'reset') delay.reset();
    else if (message === 'read')
      process.send({
        p50: late(delay.percentile(50)),
        p99: late(delay.percentile(99)),
        max: late(delay.max),
        peakMiB: process.resourceUsage().maxRSS / 1024,
      });
  });
  process.channel?.unref();
}
