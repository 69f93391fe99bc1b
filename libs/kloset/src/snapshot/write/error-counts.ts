import type { StoreLine } from '../../repository/writer-types.js';
import type { Frame } from './path-order.js';
import { ROOT } from './path-table.js';

/** Counts how many errors each directory's summary has of its own. */
export interface ErrorCounts {
  visit(node: number, ancestors: readonly Frame[]): void;
  of(directory: number): number;
}

/**
 * Line 1.1 counts all errors of direct children. Line 1.0 goes through the errors below a directory in BYTES order and stops at the first that is no direct
 * child; it counts an error of `/` itself too.
 * @source 02-snapshot 3.4
 */
export function createErrorCounts(line: StoreLine, hasError: (node: number) => boolean): ErrorCounts {
  const counts = new Map<number, number>();
  const stopped = new Set<number>();
  const add = (directory: number): void => void counts.set(directory, (counts.get(directory) ?? 0) + 1);
  return {
    of: (directory) => counts.get(directory) ?? 0,
    visit(node, ancestors) {
      if (!hasError(node)) return;
      const parent = ancestors.at(-1)?.node;
      if (parent === undefined) {
        if (line === '1.0') add(ROOT);
        return;
      }
      if (!stopped.has(parent)) add(parent);
      if (line === '1.1') return;
      for (let at = ancestors.length - 2; at >= 0; at--) {
        const above = (ancestors[at] as Frame).node;
        if (stopped.has(above)) return;
        stopped.add(above);
      }
    },
  };
}
