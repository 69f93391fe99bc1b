import type { ProblemDto } from '@wardrobe/contracts';

/** First MiB of a file as text, coloured by the server where it knows the language. */
export type TextAnswer = {
  readonly language: string;
  readonly html?: string | undefined;
  readonly text?: string | undefined;
  readonly truncated: boolean;
  readonly encoding: string;
  readonly lines: number;
};

/** How previews get at one file. Given by the app; every address is on the console's own origin. */
export type ContentReader = {
  readonly contentUrl: string;
  readonly downloadUrl: string;
  readonly sizeBytes: number;
  /** @throws ContentError with the sentence to show */
  readonly text: (signal: AbortSignal) => Promise<TextAnswer>;
  /** Bytes `start` to `end` (exclusive). @throws ContentError */
  readonly bytes: (start: number, end: number, signal: AbortSignal) => Promise<Uint8Array>;
  /** Address of the content of another file of the snapshot, by its percent-encoded path. */
  readonly contentUrlOf: (path: string) => string;
  /** Page that shows another path of the snapshot. */
  readonly pageOf: (path: string) => string;
  readonly pdfWorkerUrl: string;
};

/** A file that cannot be read, with what to tell. */
export class ContentError extends Error {
  override readonly name = 'ContentError';
  constructor(readonly problem: ProblemDto) {
    super(problem.sentence);
  }
}

const UNREADABLE: ProblemDto = { code: 'store', sentence: 'The file could not be read.', next: 'Check that you are connected to the console, then try again.' };

/** What to tell about any failure of a reader. */
export function problemOfContent(error: unknown): ProblemDto {
  return error instanceof ContentError ? error.problem : UNREADABLE;
}
