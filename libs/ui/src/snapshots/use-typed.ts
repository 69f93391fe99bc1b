'use client';
import { useEffect, useRef, useState } from 'react';

const TYPING_MS = 200;

/** What is typed shows at once and is reported when the typing rests. A change from outside (the address) wins. */
export function useTyped(value: string, onRest: (value: string) => void): [string, (value: string) => void] {
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  if (known !== value) {
    setKnown(value);
    setTyped(value);
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  function type(next: string): void {
    setTyped(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onRest(next), TYPING_MS);
  }
  return [typed, type];
}
