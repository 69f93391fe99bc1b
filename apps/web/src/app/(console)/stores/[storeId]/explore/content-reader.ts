'use client';
import type { EntryRowDto, ProblemDto, SnapshotRowDto } from '@wardrobe/contracts';
import { nameOf, parentOf } from '@wardrobe/ui/explorer';
import { ContentError, type ContentReader, type TextAnswer } from '@wardrobe/ui/preview';
import { problem } from '@/lib/problem-shape';
import { bytesHref, exploreHref } from './address';

const SILENT: ProblemDto = {
  code: 'store',
  sentence: 'The console does not answer.',
  next: 'Check that Wardrobe runs and that you are connected to it, then try again.',
};
const CUT: ProblemDto = { code: 'integrity', sentence: 'The file could not be read to its end.', next: 'Details says whether its objects are in the store.' };

/** Reads one file of a snapshot over the console's own routes. */
export function contentReader(storeId: string, snapshot: Pick<SnapshotRowDto, 'id' | 'availability'>, entry: EntryRowDto): ContentReader {
  const contentUrl = bytesHref(storeId, snapshot, { route: 'content', path: entry.path });
  return {
    contentUrl,
    downloadUrl: bytesHref(storeId, snapshot, { route: 'content', path: entry.path, extra: { download: '1' } }),
    sizeBytes: entry.sizeBytes,
    text: async (signal) => (await (await ask(bytesHref(storeId, snapshot, { route: 'text', path: entry.path }), { signal })).json()) as TextAnswer,
    bytes: (start, end, signal) => range(contentUrl, { start, end, signal }),
    contentUrlOf: (path) => bytesHref(storeId, snapshot, { route: 'content', path }),
    pageOf: (path) => exploreHref(storeId, { snapshot: snapshot.id, path: parentOf(path), file: nameOf(path) }),
    // Emitted by the bundler as a file of the console; pdf.js starts its worker from it.
    pdfWorkerUrl: new URL('pdfjs-dist/legacy/build/pdf.worker.min.mjs', import.meta.url).toString(),
  };
}

async function range(url: string, { start, end, signal }: { readonly start: number; readonly end: number; readonly signal: AbortSignal }): Promise<Uint8Array> {
  if (end <= start) return new Uint8Array();
  const answer = await ask(url, { signal, headers: { range: `bytes=${start}-${end - 1}` } });
  const bytes = new Uint8Array(await body(answer, signal));
  if (answer.status === 200) return bytes.subarray(start, end);
  if (bytes.length !== end - start) throw new ContentError(CUT);
  return bytes;
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    throw new ContentError({ ...SILENT, detail: error instanceof Error ? error.message : String(error) });
  }
  if (answer.ok) return answer;
  const data: unknown = answer.headers.get('content-type')?.includes('json') === true ? await answer.json() : null;
  throw new ContentError(problem(data) ?? SILENT);
}

/** A body that breaks off is told as such: half a file is never shown as whole. */
async function body(answer: Response, signal: AbortSignal): Promise<ArrayBuffer> {
  try {
    return await answer.arrayBuffer();
  } catch (error) {
    signal.throwIfAborted();
    throw new ContentError({ ...CUT, detail: error instanceof Error ? error.message : String(error) });
  }
}
