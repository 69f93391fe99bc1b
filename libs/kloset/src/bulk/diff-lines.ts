/** Lines [aStart, aEnd) of the one stand where lines [bStart, bEnd) of the other do. */
export type LineChange = { readonly aStart: number; readonly aEnd: number; readonly bStart: number; readonly bEnd: number };

/** Beyond so many edits between two parts they are taken as replaced: right, and not the shortest way to say it. */
const MAX_EDITS = 4000;

type Lines = Int32Array;
type Part = { readonly aStart: number; readonly aEnd: number; readonly bStart: number; readonly bEnd: number };

/**
 * A shortest list of changes between two sequences of lines (each a number: equal lines, equal numbers), in order. Memory grows with the lines, not with the
 * changes.
 * @source Myers, "An O(ND) difference algorithm and its variations", 1986, section 4b
 */
export function diffLines(a: Lines, b: Lines): LineChange[] {
  const changes: LineChange[] = [];
  const scratch = { forward: new Int32Array(a.length + b.length + 4), backward: new Int32Array(a.length + b.length + 4) };
  const pending: Part[] = [{ aStart: 0, aEnd: a.length, bStart: 0, bEnd: b.length }];
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    const core = withoutCommonEnds(a, b, part);
    if (core.aStart === core.aEnd && core.bStart === core.bEnd) continue;
    const middle = core.aStart === core.aEnd || core.bStart === core.bEnd ? null : middleOf(a, b, { core, ...scratch });
    if (middle === null) {
      append(changes, core);
      continue;
    }
    pending.push({ ...core, aStart: middle.a, bStart: middle.b }, { ...core, aEnd: middle.a, bEnd: middle.b });
  }
  return changes;
}

/** Neighbouring changes are one. */
function append(changes: LineChange[], change: LineChange): void {
  const last = changes.at(-1);
  if (last !== undefined && last.aEnd === change.aStart && last.bEnd === change.bStart)
    changes[changes.length - 1] = { ...last, aEnd: change.aEnd, bEnd: change.bEnd };
  else changes.push(change);
}

function withoutCommonEnds(a: Lines, b: Lines, part: Part): Part {
  let { aStart, aEnd, bStart, bEnd } = part;
  while (aStart < aEnd && bStart < bEnd && a[aStart] === b[bStart]) {
    aStart += 1;
    bStart += 1;
  }
  while (aStart < aEnd && bStart < bEnd && a[aEnd - 1] === b[bEnd - 1]) {
    aEnd -= 1;
    bEnd -= 1;
  }
  return { aStart, aEnd, bStart, bEnd };
}

type Search = { readonly core: Part; readonly forward: Int32Array; readonly backward: Int32Array };

/** A point on a shortest way through the part, searched from both ends at once; null when the ways are too long. On diagonal k lie the points with x - y = k. */
function middleOf(a: Lines, b: Lines, { core, forward, backward }: Search): { readonly a: number; readonly b: number } | null {
  const [n, m] = [core.aEnd - core.aStart, core.bEnd - core.bStart];
  const delta = n - m;
  const isOdd = (delta & 1) !== 0;
  const zero = m + 1;
  const last = Math.min(Math.ceil((n + m) / 2), MAX_EDITS);
  forward.fill(-1, 0, n + m + 3);
  backward.fill(-1, 0, n + m + 3);
  forward[zero + 1] = 0;
  backward[zero + 1] = 0;
  for (let edits = 0; edits <= last; edits++) {
    const [low, high] = [-Math.min(edits, m - ((m ^ edits) & 1)), Math.min(edits, n - ((n ^ edits) & 1))];
    for (let k = low; k <= high; k += 2) {
      let x = step(forward, zero + k);
      if (x < 0 || x > n || x - k > m) continue;
      while (x < n && x - k < m && a[core.aStart + x] === b[core.bStart + x - k]) x += 1;
      forward[zero + k] = x;
      const met = backward[zero + delta - k] ?? -1;
      if (isOdd && Math.abs(delta - k) < edits && met >= 0 && x + met >= n) return { a: core.aStart + x, b: core.bStart + x - k };
    }
    for (let k = low; k <= high; k += 2) {
      let x = step(backward, zero + k);
      if (x < 0 || x > n || x - k > m) continue;
      while (x < n && x - k < m && a[core.aEnd - 1 - x] === b[core.bEnd - 1 - x + k]) x += 1;
      backward[zero + k] = x;
      const met = forward[zero + delta - k] ?? -1;
      if (!isOdd && Math.abs(delta - k) <= edits && met >= 0 && x + met >= n) return { a: core.aEnd - x, b: core.bEnd - x + k };
    }
  }
  return null;
}

/** The furthest x on a diagonal with one edit more than its neighbours: a line of the other taken in, or one of ours left out. */
function step(furthest: Int32Array, at: number): number {
  const fromLess = (furthest[at - 1] ?? -1) + 1;
  const fromMore = furthest[at + 1] ?? -1;
  return (furthest[at - 1] ?? -1) < fromMore ? fromMore : furthest[at - 1] === -1 ? -1 : fromLess;
}
