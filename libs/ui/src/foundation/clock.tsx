'use client';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';

const ClockContext = createContext(0);

/**
 * The present for every relative time, in ms. Starts at the server's time, so that the first paint of the browser equals the server's,
 * then follows the browser's clock with the offset between both.
 */
export function ClockProvider({
  serverNowMs,
  tickMs = 10_000,
  children,
}: {
  readonly serverNowMs: number;
  readonly tickMs?: number;
  readonly children: ReactNode;
}) {
  const [now, setNow] = useState(serverNowMs);
  useEffect(() => {
    const offset = serverNowMs - Date.now();
    const timer = setInterval(() => setNow(Date.now() + offset), tickMs);
    return () => clearInterval(timer);
  }, [serverNowMs, tickMs]);
  return <ClockContext value={now}>{children}</ClockContext>;
}

/** Now in ms, by the server's clock. */
export function useNow(): number {
  return useContext(ClockContext);
}
