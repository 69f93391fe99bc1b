/** One step of a shell pattern within a path component. */
type Step = { readonly kind: 'literal'; readonly code: number } | { readonly kind: 'one' } | { readonly kind: 'many' } | ClassStep;
type ClassStep = { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] };

export type Glob = { matches(name: readonly number[]): boolean };

const CODE = { star: 0x2a, question: 0x3f, open: 0x5b, close: 0x5d, backslash: 0x5c, caret: 0x5e, dash: 0x2d } as const;

/**
 * A shell pattern for one name: `*`, `?`, `[a-z]`, `[^a-z]`, `\x`. Null when it is malformed (an open class, a backslash at the end): such a pattern matches
 * nothing in plakar. Takes time in proportion to pattern times name, whatever the pattern.
 * @source 02-snapshot 6.2
 */
export function parseGlob(pattern: readonly number[]): Glob | null {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length; ) {
    const code = pattern[at] as number;
    if (code === CODE.star) {
      if (steps.at(-1)?.kind !== 'many') steps.push({ kind: 'many' });
      at += 1;
    } else if (code === CODE.question) {
      steps.push({ kind: 'one' });
      at += 1;
    } else if (code === CODE.open) {
      const read = readClass(pattern, at + 1);
      if (read === null) return null;
      steps.push(read.step);
      at = read.next;
    } else {
      const isEscaped = code === CODE.backslash;
      const literal = isEscaped ? pattern[at + 1] : code;
      if (literal === undefined) return null;
      steps.push({ kind: 'literal', code: literal });
      at += isEscaped ? 2 : 1;
    }
  }
  return { matches: (name) => matchSteps(steps, name) };
}

function readClass(pattern: readonly number[], start: number): { readonly step: ClassStep; readonly next: number } | null {
  let at = start;
  const negated = pattern[at] === CODE.caret;
  if (negated) at += 1;
  const ranges: (readonly [number, number])[] = [];
  for (;;) {
    if (pattern[at] === CODE.close && ranges.length > 0) return { step: { kind: 'class', negated, ranges }, next: at + 1 };
    const low = readClassCode(pattern, at);
    if (low === null) return null;
    at = low.next;
    if (pattern[at] !== CODE.dash) {
      ranges.push([low.code, low.code]);
      continue;
    }
    const high = readClassCode(pattern, at + 1);
    if (high === null) return null;
    ranges.push([low.code, high.code]);
    at = high.next;
  }
}

function readClassCode(pattern: readonly number[], at: number): { readonly code: number; readonly next: number } | null {
  const code = pattern[at];
  if (code === undefined || code === CODE.dash || code === CODE.close) return null;
  if (code !== CODE.backslash) return { code, next: at + 1 };
  const escaped = pattern[at + 1];
  return escaped === undefined ? null : { code: escaped, next: at + 2 };
}

/** Goes back to the last `*` only: what an earlier one could take, the last one can take too. */
function matchSteps(steps: readonly Step[], name: readonly number[]): boolean {
  let step = 0;
  let at = 0;
  let lastMany = -1;
  let takenTo = 0;
  while (at < name.length) {
    const current = steps[step];
    if (current?.kind === 'many') {
      lastMany = step;
      takenTo = at;
      step += 1;
    } else if (current !== undefined && matchesOne(current, name[at] as number)) {
      step += 1;
      at += 1;
    } else if (lastMany >= 0) {
      takenTo += 1;
      at = takenTo;
      step = lastMany + 1;
    } else return false;
  }
  while (steps[step]?.kind === 'many') step += 1;
  return step === steps.length;
}

function matchesOne(step: Step, code: number): boolean {
  if (step.kind === 'one') return true;
  if (step.kind === 'literal') return step.code === code;
  if (step.kind === 'many') return false;
  return step.ranges.some(([low, high]) => code >= low && code <= high) !== step.negated;
}
