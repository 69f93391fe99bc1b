'use client';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { type Times, timesOfText, UTC_TIMES, zoneText } from './times.js';

const TimesContext = createContext<Times>(UTC_TIMES);

/**
 * Absolute times in the reader's locale and zone. `known` is what the browser told at an earlier visit (see `zoneText`): server and
 * first paint write by it. When the browser says otherwise now, the page follows after that paint and `onZone` may keep it.
 */
export function TimesProvider({
  known,
  onZone,
  children,
}: {
  readonly known: string | null;
  readonly onZone: (text: string) => void;
  readonly children: ReactNode;
}) {
  const [text, setText] = useState(known);
  useEffect(() => {
    const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
    const own = zoneText({ locale: navigator.language, zone: timeZone });
    setText(own);
    if (own !== known) onZone(own);
  }, [known, onZone]);
  const times = useMemo(() => timesOfText(text), [text]);
  return <TimesContext value={times}>{children}</TimesContext>;
}

/** How this reader writes absolute times. */
export function useTimes(): Times {
  return useContext(TimesContext);
}
