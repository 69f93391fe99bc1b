import { byteName, isAtOrBelow } from '@wardrobe/kloset-model';
import { scanTree, type TreeGap } from '../btree/scan.js';
import { PATH_ORDER } from '../btree/tree.js';
import { KlosetError } from '../errors/errors.js';
import { readObject } from '../snapshot/content.js';
import type { SnapshotContext } from '../snapshot/context.js';
import { dirpackFrames, readFrame } from '../snapshot/dirpack.js';
import type { CheckProblem, Entry } from '../snapshot/types.js';
import type { CheckRun } from './check-run.js';

/**
 * A node of the file tree that cannot be read: names every path that it hides, as the packed listings know them, with what is wrong with their contents.
 * Without listings only the place of the gap is known.
 */
export async function* gapProblems(run: CheckRun, context: SnapshotContext, gap: TreeGap & { readonly path: Uint8Array | null }): AsyncGenerator<CheckProblem> {
  const snapshot = context.header.id;
  const lost = { snapshot, what: 'tree', id: gap.node, error: gap.error } as const;
  let isNamed = false;
  for await (const entry of hiddenEntries(run, context, gap)) {
    isNamed = true;
    yield { ...lost, path: entry.path };
    for (const finding of entry.object === null ? [] : await run.objects.check(entry.object)) yield { snapshot, path: entry.path, ...finding };
  }
  if (!isNamed) yield { ...lost, path: gap.from === null ? null : byteName(gap.from) };
}

async function* hiddenEntries(run: CheckRun, context: SnapshotContext, gap: TreeGap & { readonly path: Uint8Array | null }): AsyncGenerator<Entry> {
  const { signal } = run.options;
  const isHidden = (path: Uint8Array): boolean =>
    (gap.from === null || PATH_ORDER(path, gap.from) >= 0) &&
    (gap.to === null || PATH_ORDER(path, gap.to) < 0) &&
    (gap.path === null || isAtOrBelow(path, gap.path));
  try {
    const dirpacks = await context.dirpacks();
    if (dirpacks === null) return;
    for await (const item of scanTree(dirpacks, { signal })) {
      if ('error' in item) continue;
      for await (const frames of dirpackFrames(context, await readObject(run.source, item.value, { signal }), { signal })) {
        for (const frame of frames) {
          const entry = readFrame(context, frame);
          if (isHidden(entry.path.bytes)) yield entry;
        }
      }
    }
  } catch (error) {
    // What the listings could tell was told; their own damage is a finding of the index.
    if (!(error instanceof KlosetError)) throw error;
  }
}
