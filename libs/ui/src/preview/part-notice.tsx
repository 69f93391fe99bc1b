'use client';
import type { ReactNode } from 'react';
import { LoadingRows, ProblemState } from '../feedback/states.js';
import { bytesWord } from '../foundation/format.js';
import type { Loaded } from './use-load.js';

/** A preview's content once it has come; until then a skeleton, and the sentence when it cannot be read. */
export function WhenLoaded<T>({ loaded, what, children }: { readonly loaded: Loaded<T>; readonly what: string; readonly children: (value: T) => ReactNode }) {
  if (loaded.state === 'ready') return children(loaded.value);
  if (loaded.state === 'failed') return <ProblemState problem={loaded.problem} onRetry={loaded.retry} />;
  return <LoadingRows what={what} rows={5} />;
}

/** Says that only the beginning of a file is shown. */
export function PartNotice({
  shownBytes,
  sizeBytes,
  downloadUrl,
  children,
}: {
  readonly shownBytes: number;
  readonly sizeBytes: number;
  readonly downloadUrl: string;
  readonly children?: ReactNode;
}) {
  return (
    <p className="part-notice">
      <span>
        First {bytesWord(shownBytes)} of {bytesWord(sizeBytes)}.
      </span>
      {children}
      <a className="btn small" href={downloadUrl} download>
        Download all
      </a>
    </p>
  );
}
