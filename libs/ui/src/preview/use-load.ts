'use client';
import type { ProblemDto } from '@wardrobe/contracts';
import { useCallback, useEffect, useRef, useState } from 'react';
import { problemOfContent } from './reader.js';

export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly problem: ProblemDto; readonly retry: () => void };

/** Runs `load` for each `key`; what is still running for another key, or after the end, is aborted. */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [result, setResult] = useState<{ readonly key: string; readonly loaded: Loaded<T> } | null>(null);
  const [attempt, setAttempt] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const retry = useCallback(() => {
    setResult(null);
    setAttempt((count) => count + 1);
  }, []);
  useEffect(() => {
    const stop = new AbortController();
    // `attempt` is read so that a retry runs the effect again.
    void attempt;
    latest.current(stop.signal).then(
      (value) => !stop.signal.aborted && setResult({ key, loaded: { state: 'ready', value } }),
      (error: unknown) => !stop.signal.aborted && setResult({ key, loaded: { state: 'failed', problem: problemOfContent(error), retry } }),
    );
    return () => stop.abort();
  }, [key, attempt, retry]);
  return result !== null && result.key === key ? result.loaded : { state: 'loading' };
}
