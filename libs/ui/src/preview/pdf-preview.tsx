'use client';
import { figure } from '@wardrobe/words';
import type { PDFDocumentProxy } from 'pdfjs-dist';
import { useEffect, useRef, useState } from 'react';
import { SCROLLS } from './code-view.js';
import { WhenLoaded } from './part-notice.js';
import { ContentError, type ContentReader } from './reader.js';
import { useLoad } from './use-load.js';

const PIECE_BYTES = 256 * 1024;
/** Pages in the document at once until more are asked for; each is drawn only when it comes near. */
const SHOWN_PAGES = 500;

/** Pages of a PDF, drawn by pdf.js: nothing of the file runs, and only the parts that are looked at are read. */
export function PdfPreview({ reader }: { readonly reader: ContentReader }) {
  const loaded = useLoad(reader.contentUrl, (signal) => open(reader, signal));
  return (
    <WhenLoaded loaded={loaded} what="the PDF">
      {(pdf) => <Pages pdf={pdf} />}
    </WhenLoaded>
  );
}

async function open(reader: ContentReader, signal: AbortSignal): Promise<PDFDocumentProxy> {
  const pdfjs = await import('pdfjs-dist/legacy/build/pdf.mjs');
  pdfjs.GlobalWorkerOptions.workerSrc = reader.pdfWorkerUrl;
  const task = pdfjs.getDocument({
    url: reader.contentUrl,
    isEvalSupported: false,
    enableXfa: false,
    disableAutoFetch: true,
    disableStream: true,
    rangeChunkSize: PIECE_BYTES,
  });
  signal.addEventListener('abort', () => void task.destroy(), { once: true });
  try {
    return await task.promise;
  } catch (error) {
    signal.throwIfAborted();
    throw new ContentError(problemOfPdf(error));
  }
}

function problemOfPdf(error: unknown): ContentError['problem'] {
  if (error instanceof Error && error.name === 'PasswordException') {
    return {
      code: 'passphrase-needed',
      sentence: 'This PDF is locked with a password of its own.',
      next: 'Download it and open it with the program that knows the password.',
    };
  }
  if (error instanceof Error && error.name === 'InvalidPDFException')
    return { code: 'decode', sentence: 'This file is not a PDF that can be read.', next: 'Hex shows its bytes. Download it to try another program.' };
  return { code: 'store', sentence: 'The PDF could not be read to its end.', next: 'Details says whether its objects are in the store.' };
}

function Pages({ pdf }: { readonly pdf: PDFDocumentProxy }) {
  const box = useRef<HTMLDivElement>(null);
  const shown = Math.min(pdf.numPages, SHOWN_PAGES);
  return (
    <section ref={box} className="preview-scroll pdf" aria-label={`${figure(pdf.numPages)} pages`} {...SCROLLS}>
      {Array.from({ length: shown }, (_, index) => (
        <PdfPage key={index} pdf={pdf} number={index + 1} box={box} />
      ))}
      {pdf.numPages > shown ? (
        <p className="part-notice">
          The first {figure(shown)} of {figure(pdf.numPages)} pages.
        </p>
      ) : null}
    </section>
  );
}

type PdfPageProps = { readonly pdf: PDFDocumentProxy; readonly number: number; readonly box: React.RefObject<HTMLDivElement | null> };

/** One page; drawn when it comes near the view, and its text is there for screen readers and for finding. */
function PdfPage({ pdf, number, box }: PdfPageProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [near, setNear] = useState(false);
  const [text, setText] = useState('');
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setNear(true), {
      root: box.current,
      rootMargin: '600px',
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  useEffect(() => {
    const element = canvas.current;
    if (!near || element === null) return;
    let stopped = false;
    draw(pdf, number, element).then(
      (words) => !stopped && setText(words),
      () => !stopped && setFailed(true),
    );
    return () => {
      stopped = true;
    };
  }, [pdf, number, near]);
  return (
    <figure>
      <canvas ref={canvas} role="img" aria-label={`Page ${figure(number)}`} />
      <figcaption className="sr">{text}</figcaption>
      {failed ? <p className="part-notice">Page {figure(number)} cannot be shown.</p> : null}
    </figure>
  );
}

async function draw(pdf: PDFDocumentProxy, number: number, canvas: HTMLCanvasElement): Promise<string> {
  const page = await pdf.getPage(number);
  const width = canvas.clientWidth || 420;
  const plain = page.getViewport({ scale: 1 });
  const viewport = page.getViewport({ scale: (width / plain.width) * (window.devicePixelRatio || 1) });
  canvas.width = Math.round(viewport.width);
  canvas.height = Math.round(viewport.height);
  canvas.style.aspectRatio = `${canvas.width} / ${canvas.height}`;
  await page.render({ canvas, viewport }).promise;
  const content = await page.getTextContent();
  return content.items.map((item) => ('str' in item ? item.str : '')).join(' ');
}
