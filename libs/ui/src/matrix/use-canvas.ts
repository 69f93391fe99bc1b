'use client';
import { type RefObject, useEffect, useLayoutEffect, useState } from 'react';
import { type MatrixColours, readMatrixColours } from '../matrix-kernel/index.js';

/** What a canvas is painted for: width of its box in CSS pixels, device pixels per CSS pixel, colours of the theme. Null before the first layout. */
export type CanvasSetting = { readonly width: number; readonly scale: number; readonly colours: MatrixColours };

/** Follows the width of an element, the theme and the pixel ratio. */
export function useCanvasSetting(box: RefObject<HTMLElement | null>): CanvasSetting | null {
  const [setting, setSetting] = useState<CanvasSetting | null>(null);
  // Measured before the first paint of the browser, so that the matrix does not appear a frame late.
  useLayoutEffect(() => {
    if (box.current !== null) setSetting(measure(box.current));
  }, [box]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const again = (): void => setSetting(measure(element));
    const resize = new ResizeObserver(() => setSetting((before) => (before !== null && before.width === element.clientWidth ? before : measure(element))));
    resize.observe(element);
    const theme = new MutationObserver(again);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class'] });
    const media = [matchMedia('(prefers-color-scheme: dark)'), matchMedia(`(resolution: ${devicePixelRatio}dppx)`)];
    for (const query of media) query.addEventListener('change', again);
    return () => {
      resize.disconnect();
      theme.disconnect();
      for (const query of media) query.removeEventListener('change', again);
    };
  }, [box]);
  return setting;
}

/** Gives a canvas its size in device pixels and its context; null where the browser has none. */
export function sizedContext(
  canvas: HTMLCanvasElement,
  { width, height, scale }: { readonly width: number; readonly height: number; readonly scale: number },
): CanvasRenderingContext2D | null {
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = `${height}px`;
  return canvas.getContext('2d');
}

/** True on phones, where rows are taller; follows the window. */
export function usePhone(): boolean {
  const [phone, setPhone] = useState(false);
  useLayoutEffect(() => {
    const query = matchMedia('(max-width: 860px)');
    const follow = (): void => setPhone(query.matches);
    follow();
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, []);
  return phone;
}

function measure(element: HTMLElement): CanvasSetting {
  return { width: element.clientWidth, scale: window.devicePixelRatio || 1, colours: readMatrixColours(element) };
}
