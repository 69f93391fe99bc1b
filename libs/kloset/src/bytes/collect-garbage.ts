import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collector: ((options?: { readonly type: 'minor' }) => void) | null = null;

/** Gives large memory that is not used any more back at once, and not when the collector comes by some time. For moments after which much is needed again. */
export function collectGarbage(): void {
  collector ??= exposedCollector();
  collector();
}

/** Only what was made lately: a hundredth of the cost. */
function collectYoung(): void {
  collector ??= exposedCollector();
  collector({ type: 'minor' });
}

/** The flag stays: it is one for all threads, and another may be asking at this moment. */
function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/**
 * Collects when this thread's heap and its buffers have grown by so many bytes since the last time; first what was made lately, which is most of it. Left alone,
 * the collector lets 64 MiB of buffers come together in each thread, since they lie outside of its heap, and the heap grow fourfold.
 */
export function garbageWatch(growthBytes: number): () => void {
  let kept = takenBytes();
  return () => {
    const now = takenBytes();
    if (now - kept <= growthBytes) {
      kept = Math.min(kept, now);
      return;
    }
    collectYoung();
    if (takenBytes() - kept <= growthBytes / 2) return;
    collectGarbage();
    kept = takenBytes();
  };
}

function takenBytes(): number {
  const { external_memory: buffers, used_heap_size: heap } = getHeapStatistics();
  return buffers + heap;
}
