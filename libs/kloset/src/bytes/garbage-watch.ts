import { getHeapStatistics } from 'node:v8';
import { collectGarbage, collectYoung } from '@wardrobe/store-connector';

/**
 * Collects when this thread's heap and its buffers have grown by so many bytes since the last time; first what was made lately, which is most of it. Left alone,
 * the collector lets 64 MiB of buffers come together in each thread, since they lie outside of its heap, and the heap grow fourfold.
 * @param growth bytes, or what says how many at the moment
 */
export function garbageWatch(growth: number | (() => number)): () => void {
  let kept = takenBytes();
  return () => {
    const growthBytes = typeof growth === 'number' ? growth : growth();
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
