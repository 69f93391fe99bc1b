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

/**
 * Results of `work` in the order of `items`; `ahead` of them are under way while one is used. Where the items fail, what was begun is handed out before. Leaves
 * nothing under way.
 */
export async function* begunAhead<T, R>(items: AsyncIterable<T>, ahead: number, work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const underWay: Promise<R>[] = [];
  try {
    for await (const item of endedLate(items)) {
      if ('item' in item) {
        const begun = work(item.item);
        // The failure is met when its turn comes.
        begun.catch(() => undefined);
        underWay.push(begun);
      }
      const left = 'item' in item ? ahead : 0;
      while (underWay.length > left) yield await (underWay.shift() as Promise<R>);
      if ('failure' in item) throw item.failure;
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** Parts of `size` items; the last may be smaller, also where the items fail after it. */
export async function* inParts<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let part: T[] = [];
  let failure: { readonly error: unknown } | null = null;
  try {
    for await (const item of items) {
      part.push(item);
      if (part.length < size) continue;
      yield part;
      part = [];
    }
  } catch (error) {
    failure = { error };
  }
  if (part.length > 0) yield part;
  if (failure !== null) throw failure.error;
}

type Step<T> = { readonly item: T } | { readonly failure: unknown } | { readonly end: true };

/** The items, and as a last step how they ended. */
async function* endedLate<T>(items: AsyncIterable<T>): AsyncGenerator<Step<T>> {
  try {
    for await (const item of items) yield { item };
  } catch (failure) {
    yield { failure };
    return;
  }
  yield { end: true };
}
