'use client';
import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Button } from '../controls/button.js';
import { useVirtualRows } from '../explorer/use-virtual-rows.js';
import { ProblemState } from '../feedback/states.js';
import { SCROLLS } from './code-view.js';
import { hexLine, offsetDigits, parseOffset } from './hex.js';
import { type ContentReader, problemOfContent } from './reader.js';

const ROW_PX = 20;
const BLOCK_BYTES = 64 * 1024;
const KEPT_BLOCKS = 32;

/** Bytes of a file of any size; only what is looked at is read. */
export function HexPreview({ reader, note }: { readonly reader: ContentReader; readonly note?: string }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useLineBytes(box);
  const count = Math.ceil(reader.sizeBytes / width);
  const rows = useVirtualRows(box, { count, rowPx: ROW_PX, overscan: 10 });
  const blocks = useBlocks(reader, { start: rows.first * width, end: Math.min(reader.sizeBytes, rows.end * width) });
  const digits = offsetDigits(reader.sizeBytes);
  if (reader.sizeBytes === 0) return <p className="part-notice">The file is empty.</p>;
  return (
    <div className="hex">
      <div className="hex-bar">
        {note === undefined ? null : <span className="muted">{note}</span>}
        <span className="spread" />
        <GoTo sizeBytes={reader.sizeBytes} onGo={(offset) => rows.centre(Math.floor(offset / width))} />
      </div>
      {blocks.error === null ? null : <ProblemState problem={problemOfContent(blocks.error)} onRetry={blocks.retry} />}
      <section ref={box} className="code-box" aria-label="Bytes" {...SCROLLS}>
        <div className="code-space" ref={(space) => space?.style.setProperty('height', `${rows.elementPx}px`)}>
          {Array.from({ length: Math.max(0, rows.end - rows.first) }, (_, step) => {
            const start = (rows.first + step) * width;
            const line = hexLine(blocks.read(start, Math.min(reader.sizeBytes, start + width)), { start, width, digits });
            return (
              <div key={start} className="hex-line" ref={(element) => element?.style.setProperty('top', `${rows.topOf(rows.first + step)}px`)}>
                <span className="faint">{line.offset}</span>
                <span>{line.bytes}</span>
                <span className="muted">{line.text}</span>
              </div>
            );
          })}
        </div>
      </section>
    </div>
  );
}

function GoTo({ sizeBytes, onGo }: { readonly sizeBytes: number; readonly onGo: (offset: number) => void }) {
  const [text, setText] = useState('');
  const offset = parseOffset(text, sizeBytes);
  return (
    <form
      className="row-flex"
      onSubmit={(event) => {
        event.preventDefault();
        if (offset !== null) onGo(offset);
      }}
    >
      <input
        className="input hex-offset mono"
        aria-label="Offset, decimal or 0x"
        placeholder="0x0"
        value={text}
        aria-invalid={text !== '' && offset === null}
        onChange={(event) => setText(event.target.value)}
      />
      <Button small type="submit" {...(offset === null && { unavailable: `Type an offset below ${sizeBytes.toLocaleString('en-US')}` })}>
        Go
      </Button>
    </form>
  );
}

type Blocks = { readonly read: (start: number, end: number) => Uint8Array; readonly error: unknown; readonly retry: () => void };

/** Blocks around what is shown, fetched by range and kept for a while. */
function useBlocks(reader: ContentReader, shown: { readonly start: number; readonly end: number }): Blocks {
  const [blocks, setBlocks] = useState<ReadonlyMap<number, Uint8Array>>(new Map());
  const [failed, setFailed] = useState<{ readonly error: unknown } | null>(null);
  const first = Math.floor(shown.start / BLOCK_BYTES);
  const last = Math.floor(Math.max(shown.start, shown.end - 1) / BLOCK_BYTES);
  const known = useRef(blocks);
  known.current = blocks;
  useEffect(() => {
    if (failed !== null) return;
    const stop = new AbortController();
    for (let block = first; block <= last; block++) {
      if (known.current.has(block)) continue;
      reader.bytes(block * BLOCK_BYTES, Math.min(reader.sizeBytes, (block + 1) * BLOCK_BYTES), stop.signal).then(
        (bytes) => setBlocks((before) => new Map([...before, [block, bytes] as const].slice(-KEPT_BLOCKS))),
        (error: unknown) => !stop.signal.aborted && setFailed({ error }),
      );
    }
    return () => stop.abort();
  }, [reader, first, last, failed]);
  return useMemo(
    () => ({
      error: failed?.error ?? null,
      retry: () => setFailed(null),
      read: (start, end) => {
        const block = Math.floor(start / BLOCK_BYTES);
        return blocks.get(block)?.subarray(start - block * BLOCK_BYTES, end - block * BLOCK_BYTES) ?? new Uint8Array();
      },
    }),
    [blocks, failed],
  );
}

/** Bytes a line: as many as fit beside offset and text. */
function useLineBytes(box: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(8);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = (): void => setWidth(element.clientWidth >= 600 ? 16 : element.clientWidth >= 350 ? 8 : 4);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return width;
}
