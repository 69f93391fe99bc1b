import type { RemotePlace } from './remote-servers.js';

const SAMPLE_MS = 200;
const IS_WANTED = process.env['BENCH_REMOTE_COURSE'] === '1';

/**
 * What went over the line while something ran, every 200 ms, in KB up and down: where it idles, and for how long. Printed when `BENCH_REMOTE_COURSE` is 1.
 */
export async function withCourse<T>(place: RemotePlace, what: string, work: () => Promise<T>): Promise<T> {
  if (!IS_WANTED) return work();
  const course: string[] = [];
  const startedMs = performance.now();
  let before = place.figures();
  const timer = setInterval(() => {
    const now = place.figures();
    const [up, down] = [now.bytesUp - before.bytesUp, now.bytesDown - before.bytesDown].map((bytes) => Math.round(bytes / 1000));
    course.push(`${((performance.now() - startedMs) / 1000).toFixed(1)} s ${up}/${down}`);
    before = now;
  }, SAMPLE_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    process.stderr.write(`${what}, KB up/down: ${course.join(', ')}\n`);
  }
}
