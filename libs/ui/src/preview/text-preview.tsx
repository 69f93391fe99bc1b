'use client';
import { useMemo, useRef, useState } from 'react';
import { Button } from '../controls/button.js';
import { ProblemState } from '../feedback/states.js';
import { bytesWord } from '../foundation/format.js';
import { CodeView } from './code-view.js';
import { HexPreview } from './hex-preview.js';
import { PartNotice } from './part-notice.js';
import { type ContentReader, problemOfContent, type TextAnswer } from './reader.js';
import { colouredLines, plainLines } from './tokens.js';

const PIECE_BYTES = 1024 * 1024;
/** Beyond it only the download is offered: a browser is no place for it. */
const MOST_BYTES = 16 * PIECE_BYTES;

/** Text with colours where the language is known; a file that is no text is shown as bytes. */
export function TextPreview({ reader, answer }: { readonly reader: ContentReader; readonly answer: TextAnswer }) {
  const more = useMore(reader, answer);
  const lines = useMemo(() => {
    const beginning = answer.html === undefined ? plainLines(answer.text ?? '') : colouredLines(answer.html);
    return more.text === '' ? beginning : [...beginning, ...plainLines(more.text)];
  }, [answer, more.text]);
  if (answer.encoding === 'binary') return <HexPreview reader={reader} note="This file is no text." />;
  if (reader.sizeBytes === 0) return <p className="part-notice">The file is empty.</p>;
  const foot =
    answer.truncated && more.endByte < reader.sizeBytes ? (
      <>
        {more.error === null ? null : <ProblemState problem={problemOfContent(more.error)} />}
        <PartNotice shownBytes={more.endByte} sizeBytes={reader.sizeBytes} downloadUrl={reader.downloadUrl}>
          {more.endByte < MOST_BYTES ? (
            <Button small busy={more.busy} onClick={more.load}>
              Show {bytesWord(Math.min(PIECE_BYTES, reader.sizeBytes - more.endByte))} more
            </Button>
          ) : null}
        </PartNotice>
      </>
    ) : null;
  return <CodeView lines={lines} label="Content" foot={foot} />;
}

type More = { readonly text: string; readonly endByte: number; readonly busy: boolean; readonly error: unknown; readonly load: () => void };

/** Further pieces of a long text, decoded on from where the server's first MiB ended. */
function useMore(reader: ContentReader, answer: TextAnswer): More {
  const [state, setState] = useState({ text: '', endByte: PIECE_BYTES, busy: false, error: null as unknown });
  const decoder = useRef<TextDecoder>(undefined);
  function load(): void {
    decoder.current ??= new TextDecoder(answer.encoding);
    const decode = decoder.current;
    const start = state.text === '' ? firstByteAfter(answer) : state.endByte;
    const end = Math.min(reader.sizeBytes, state.endByte + PIECE_BYTES);
    setState((before) => ({ ...before, busy: true, error: null }));
    reader.bytes(start, end, new AbortController().signal).then(
      (bytes) => setState((before) => ({ text: before.text + decode.decode(bytes, { stream: true }), endByte: end, busy: false, error: null })),
      (error: unknown) => setState((before) => ({ ...before, busy: false, error })),
    );
  }
  return { ...state, load };
}

/** The server leaves out a character that its first MiB cuts in two: it is read again with the rest. */
function firstByteAfter(answer: TextAnswer): number {
  if (answer.encoding !== 'utf-8' || answer.text === undefined) return PIECE_BYTES;
  return Math.min(PIECE_BYTES, new TextEncoder().encode(answer.text).length);
}
