'use client';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type ReactNode, useRef } from 'react';
import type { TokenLine } from './tokens.js';

const LINE_PX = 19;

/** Numbered lines of text; only those near the view are in the document. `foot` follows the last one. */
export function CodeView({ lines, label, foot }: { readonly lines: readonly TokenLine[]; readonly label: string; readonly foot?: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => box.current, estimateSize: () => LINE_PX, overscan: 20 });
  return (
    <section ref={box} className="code-box" aria-label={label} {...SCROLLS}>
      <div
        className="code-space"
        ref={(space) => {
          space?.style.setProperty('height', `${virtual.getTotalSize()}px`);
          space?.style.setProperty('--digits', `${Math.max(3, String(lines.length).length)}ch`);
        }}
      >
        {virtual.getVirtualItems().map((item) => (
          <div
            key={item.index}
            className="code-line"
            data-index={item.index}
            data-number={item.index + 1}
            ref={(line) => {
              line?.style.setProperty('top', `${item.start}px`);
              virtual.measureElement(line);
            }}
          >
            <Line tokens={lines[item.index] ?? []} />
          </div>
        ))}
      </div>
      {foot}
    </section>
  );
}

/** A scrolling box without anything to focus inside must be one stop of the keyboard itself. */
export const SCROLLS = { tabIndex: 0 } as const;

const Line = memo(function Line({ tokens }: { readonly tokens: TokenLine }) {
  return tokens.map((token, index) =>
    token.role === null ? (
      token.text
    ) : (
      <span key={index} className={`tok-${token.role}`}>
        {token.text}
      </span>
    ),
  );
});
