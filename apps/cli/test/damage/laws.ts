import type { HereRun } from './run-here.js';

/** What a damage may do to one command. `wrong` says which law was broken. */
export type Verdict = { readonly kind: 'same' } | { readonly kind: 'told' } | { readonly kind: 'wrong'; readonly why: string };
export type Judged = {
  readonly run: HereRun;
  readonly sound: HereRun;
  /** Texts of which one must be printed when something is told: file, blob. Empty: nothing can be named. */
  readonly names: readonly string[];
  /** Exit codes that the documentation allows here, besides 0. */
  readonly codes: readonly number[];
  /** Lines that a sound store would not print may come when the damage is told, as counts do; never for listings. */
  readonly mayDiffer: boolean;
};

const STACK = /a fault in wardrobe itself|\n\s+at .+:\d+:\d+/;
const SLOW_MS = 30_000;
const SAME: Verdict = { kind: 'same' };
const TOLD: Verdict = { kind: 'told' };

/** The law: the very same answer, or a documented exit code with a message that names what is hit, and no line that a sound store would not print. */
export function judge(judged: Judged): Verdict {
  const { run, sound } = judged;
  const broken = basicFault(judged);
  if (broken !== null) return wrong(broken, run);
  const isSame = plainLines(run).join('\n') === plainLines(sound).join('\n');
  const isNamed = judged.names.length === 0 || judged.names.some((name) => run.err.includes(name) || run.out.includes(name));
  if (run.code === 0) {
    if (isSame) return isNamed && run.err !== sound.err ? TOLD : SAME;
    return judged.mayDiffer && isNamed ? TOLD : wrong('exit 0 with another answer', run);
  }
  if (!isNamed) return wrong('what is damaged is not named', run);
  const foreign = judged.mayDiffer ? [] : foreignLines(run, sound);
  return foreign.length > 0 ? wrong(`a line that the sound store does not print: ${foreign[0]}`, run) : TOLD;
}

/** Things that no damage excuses. */
export function basicFault({ run, codes }: Pick<Judged, 'run' | 'codes'>): string | null {
  if (STACK.test(run.err) || STACK.test(run.out)) return 'a stack trace';
  if (run.ms > SLOW_MS) return `took ${Math.round(run.ms)} ms`;
  if (run.code !== 0 && !codes.includes(run.code)) return `exit ${run.code} where ${codes.join(' or ')} is documented`;
  if (run.code !== 0 && run.err.length === 0 && run.out.length === 0) return 'fails without a word';
  return null;
}

export function wrong(why: string, run: HereRun): Verdict {
  return { kind: 'wrong', why: `${why}\n    err: ${run.err.slice(0, 600)}\n    out: ${run.out.slice(0, 200)}` };
}

/** Lines without what depends on the clock. */
function plainLines(run: HereRun): string[] {
  return run.out
    .replace(/"ageSeconds":\d+/g, '"ageSeconds":0')
    .split('\n')
    .filter(Boolean);
}

/** Lines that may only be printed when something is told. */
function isTelling(line: string): boolean {
  return /^\{"(incomplete":true|file"|snapshot":"[0-9a-f]{64}","path|checked")/.test(line) || line.includes('"damaged":') || line.includes('"readable":false');
}

function foreignLines(run: HereRun, sound: HereRun): string[] {
  const known = new Set(plainLines(sound));
  return plainLines(run).filter((line) => !known.has(line) && !isTelling(line));
}

/**
 * `cat` of several files: each is exact, or a warning names it and what came of it is the beginning of its content.
 * Files are given in the order of the arguments.
 */
export function judgeCat(judged: Omit<Judged, 'sound' | 'mayDiffer'>, files: readonly { readonly argument: string; readonly content: Buffer }[]): Verdict {
  const { run } = judged;
  const broken = basicFault(judged);
  if (broken !== null) return wrong(broken, run);
  const items = run.printed.filter((item) => !('warning' in item && item.warning.startsWith('packfile ')));
  let failed = 0;
  for (const { argument, content } of files) {
    let got = Buffer.alloc(0);
    for (;;) {
      const [next] = items;
      if (next !== undefined && 'warning' in next && next.warning.startsWith(`${argument}: `)) {
        items.shift();
        failed += 1;
        break;
      }
      if (got.length === content.length || next === undefined || 'warning' in next) {
        if (got.length < content.length) {
          if (run.code === 0 || failed + files.length === 0) return wrong(`${argument} is cut short without a word`, run);
          if (failed === 0) return allFailed(judged);
          return wrong(`${argument} is cut short without a word`, run);
        }
        break;
      }
      items.shift();
      got = Buffer.concat([got, next.bytes]);
    }
    if (!content.subarray(0, got.length).equals(got)) return wrong(`${argument} has other bytes`, run);
  }
  if (items.some((item) => 'bytes' in item && item.bytes.length > 0)) return wrong('more bytes than the files have', run);
  if ((run.code === 0) !== (failed === 0)) return wrong(`${failed} files failed and the exit code is ${run.code}`, run);
  return failed === 0 ? SAME : named(judged);
}

/** The command failed before its first file: then nothing may have been printed. */
function allFailed(judged: Omit<Judged, 'sound' | 'mayDiffer'>): Verdict {
  return judged.run.out.length > 0 ? wrong('bytes before a failure of the whole command', judged.run) : named(judged);
}

function named({ run, names }: Omit<Judged, 'sound' | 'mayDiffer'>): Verdict {
  return names.length === 0 || names.some((name) => run.err.includes(name) || run.out.includes(name)) ? TOLD : wrong('what is damaged is not named', run);
}

/** `restore`: every file that stands there is exact; on exit 0 all do; else the missing ones were told, and no partial file is left. */
export function judgeRestore(
  judged: Omit<Judged, 'sound' | 'mayDiffer'>,
  trees: { readonly got: ReadonlyMap<string, Buffer>; readonly sound: ReadonlyMap<string, Buffer> },
): Verdict {
  const { run } = judged;
  const broken = basicFault(judged);
  if (broken !== null) return wrong(broken, run);
  for (const [path, bytes] of trees.got) {
    const good = trees.sound.get(path);
    if (good === undefined) return wrong(`${path} was not in the backup`, run);
    if (!good.equals(bytes)) return wrong(`${path} was restored with other bytes`, run);
  }
  if (run.code === 0) return trees.got.size === trees.sound.size ? SAME : wrong(`exit 0 with ${trees.got.size} of ${trees.sound.size} files`, run);
  return named(judged);
}
