import { textPreview } from '../engine/text-preview.js';

/** Colouring takes up to seconds for a MiB of code: a thread of its own. */
export function textMethods() {
  return {
    preview: ({ bytes, name, truncated }: { bytes: Uint8Array; name: string; truncated: boolean }) => textPreview(bytes, name, truncated),
  };
}

export type TextMethods = ReturnType<typeof textMethods>;
