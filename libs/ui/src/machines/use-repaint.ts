'use client';
import { type RefObject, useEffect, useState } from 'react';

export type Repaint = { readonly visible: boolean; readonly turn: number };

/** Tells when a canvas has to be painted: it comes into view, its size, the theme or the pixel ratio changes. */
export function useRepaint(canvas: RefObject<HTMLCanvasElement | null>): Repaint {
  const [repaint, setRepaint] = useState<Repaint>({ visible: false, turn: 0 });
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const again = (): void => setRepaint((old) => ({ ...old, turn: old.turn + 1 }));
    const seen = new IntersectionObserver((entries) => setRepaint((old) => ({ turn: old.turn + 1, visible: entries.some((entry) => entry.isIntersecting) })), {
      rootMargin: '200px',
    });
    const sized = new ResizeObserver(again);
    const scheme = window.matchMedia('(prefers-color-scheme: dark)');
    seen.observe(element);
    sized.observe(element);
    scheme.addEventListener('change', again);
    window.addEventListener('themechange', again);
    return () => {
      seen.disconnect();
      sized.disconnect();
      scheme.removeEventListener('change', again);
      window.removeEventListener('themechange', again);
    };
  }, [canvas]);
  return repaint;
}
