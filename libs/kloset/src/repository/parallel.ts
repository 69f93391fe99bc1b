/** Results of `work` over `items` as they come, at most `limit` at a time; the first rejection ends it. Nothing is started after the consumer stopped. */
export async function* parallel<T, R>(items: Iterable<T>, limit: number, work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const running = new Map<number, Promise<{ key: number; result: R }>>();
  let next = 0;
  const start = (item: T) => {
    const key = next++;
    running.set(
      key,
      work(item).then((result) => ({ key, result })),
    );
  };
  try {
    for (const item of items) {
      start(item);
      if (running.size >= limit) yield await finish(running);
    }
    while (running.size > 0) yield await finish(running);
  } finally {
    await Promise.allSettled(running.values());
  }
}

async function finish<R>(running: Map<number, Promise<{ key: number; result: R }>>): Promise<R> {
  const { key, result } = await Promise.race(running.values());
  running.delete(key);
  return result;
}

/** The values of both, once neither is under way any more. @throws the failure of the first, else that of the second */
export async function bothEnded<T, U>(first: Promise<T> | undefined, second: Promise<U>): Promise<[T | undefined, U]> {
  const [one, other] = await Promise.allSettled([first, second]);
  if (one.status === 'rejected') throw one.reason;
  if (other.status === 'rejected') throw other.reason;
  return [one.value, other.value];
}
