import type { KlosetError } from '../errors/errors.js';
import type { ByteName, Entry } from '../snapshot/types.js';

export type ChangedPart = 'content' | 'mode' | 'owner' | 'mtime' | 'target';

/** One difference. `path` is relative to the compared paths, without a leading slash; empty for the paths themselves. */
export type TreeChange =
  | { readonly path: ByteName; readonly kind: 'added'; readonly what: readonly ChangedPart[]; readonly before: null; readonly after: Entry }
  | { readonly path: ByteName; readonly kind: 'removed'; readonly what: readonly ChangedPart[]; readonly before: Entry; readonly after: null }
  | { readonly path: ByteName; readonly kind: 'changed' | 'type-changed'; readonly what: readonly ChangedPart[]; readonly before: Entry; readonly after: Entry }
  /** A record or listing that cannot be read on one side: nothing is claimed about it. */
  | {
      readonly path: ByteName;
      readonly kind: 'unknown';
      readonly what: readonly ChangedPart[];
      readonly side: 'before' | 'after';
      readonly error: KlosetError;
    };
