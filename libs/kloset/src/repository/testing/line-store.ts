import { unlessAborted } from '@wardrobe/store-connector';
import type { Store } from '../../store/store.js';

/** So long nothing new may be asked for until all that waits is answered. */
const QUIET_MS = 20;

export type LineOptions = {
  /** Requests for parts of packfiles wait for each other: all that are asked for together are answered together, and count as one round. */
  readonly inRounds?: boolean;
  /** Told of each, by its number from 1 on, before it is answered. */
  readonly onRound?: (number: number) => void;
};

/** `rounds`: how often somebody waited for answers (`inRounds`); `underWay`: parts of packfiles that are not answered. */
export type Line = { readonly store: Store; readonly calls: string[]; askedBytes: number; spoiled: string | null; rounds: number; underWay: number };

/** A store that is reached over a line: what is asked is noted, and what comes from `spoiled` is changed. */
export function lineTo(inner: Store, { inRounds = false, onRound }: LineOptions = {}): Line {
  const round = roundsOf(() => {
    line.rounds += 1;
    onRound?.(line.rounds);
  });
  const line: Line = {
    calls: [],
    askedBytes: 0,
    spoiled: null,
    rounds: 0,
    underWay: 0,
    store: {
      location: inner.location,
      async readConfig(options) {
        line.calls.push('config');
        await turn();
        return inner.readConfig(options);
      },
      list(kind, options) {
        line.calls.push(`list ${kind}`);
        return inner.list(kind, options);
      },
      listForeign: (options) => inner.listForeign(options),
      sizeBytes: (...item) => inner.sizeBytes(...item),
      read: (...item) => inner.read(...item),
      async readRange(...range) {
        const [kind, id, , lengthBytes, options] = range;
        line.askedBytes += lengthBytes;
        line.calls.push(`range ${kind}`);
        line.underWay += 1;
        try {
          if (inRounds && kind === 'packfile') await unlessAborted(round(), options?.signal);
          const bytes = await inner.readRange(...range);
          return id === line.spoiled ? bytes.map((byte) => byte ^ 1) : bytes;
        } finally {
          line.underWay -= 1;
        }
      },
      line: () => ({ requests: line.calls.length, retries: 0, bytesRead: line.askedBytes, bytesWritten: 0, meanLatencyMs: null }),
      close: () => inner.close(),
    },
  };
  return line;
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

/** Each call is answered with all others, once none was added for a while. */
function roundsOf(onRound: () => void): () => Promise<void> {
  let waiting: (() => void)[] = [];
  let quiet: NodeJS.Timeout | null = null;
  const answer = (): void => {
    const answered = waiting;
    [waiting, quiet] = [[], null];
    onRound();
    for (const resolve of answered) resolve();
  };
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (quiet === null) quiet = setTimeout(answer, QUIET_MS);
      else quiet.refresh();
    });
}
