import { type ByteText, exactText } from './byte-text.js';
import { type Glob, parseGlob } from './glob.js';

/** Decides which paths a backup leaves out. */
export interface ExclusionRules {
  /** `components` of an absolute path, each prepared by `ruleName`; the root has none and is never left out. */
  isExcluded(components: readonly RuleName[], isDirectory: boolean): boolean;
  readonly isEmpty: boolean;
  /** Rules that can match nothing because they are malformed. plakar passes over them in silence; whoever runs a backup should be told. */
  readonly malformed: readonly string[];
}

/** A name as the rules look at it: code points; each byte that is not UTF-8 stands for itself above them. */
export type RuleName = readonly number[];

const NOT_UTF8 = 0x110000;

export function ruleName(name: ByteText): RuleName {
  const text = exactText(name);
  if (text !== null) return codePoints(text);
  // Rare: a name in another encoding. ASCII keeps its meaning, every other byte is a character of its own.
  return Array.from(name, (character) => (character.charCodeAt(0) < 0x80 ? character.charCodeAt(0) : NOT_UTF8 + character.charCodeAt(0)));
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) as number);
}

/**
 * Rules in the order given, gitignore-like: the last that matches decides, `!` takes back. Anchored at the root of the file system.
 * `lines`: first those of ignore files, then those of the command line.
 * @source 02-snapshot 6.2
 */
export function exclusionRules(lines: readonly string[]): ExclusionRules {
  const rules: Rule[] = [];
  const malformed: string[] = [];
  for (const line of lines) {
    const text = ruleText(line);
    if (text === '') continue;
    const rule = parseRule(text);
    if (rule === null) malformed.push(line);
    else rules.push(rule);
  }
  return {
    isEmpty: rules.length === 0,
    malformed,
    isExcluded(components, isDirectory) {
      if (components.length === 0) return false;
      for (let i = rules.length - 1; i >= 0; i--) {
        const rule = rules[i] as Rule;
        if (matchesRule(rule, components, isDirectory)) return !rule.takesBack;
      }
      return false;
    },
  };
}

/** Lines of an ignore file. */
export function ruleLines(content: string): string[] {
  return content.split('\n');
}

/** Empty for blank lines and comments. A blank at the end counts only when escaped. */
function ruleText(line: string): string {
  const text = line.replace(/\r+$/, '');
  const bare = text.replace(/ +$/, '');
  const kept = bare.length < text.length && /(^|[^\\])(\\\\)*\\$/.test(bare) ? `${bare} ` : bare;
  return kept.startsWith('#') ? '' : kept;
}

/** `any` stands for `**`: zero or more components. */
type Part = Glob | 'any';
type Rule = {
  readonly takesBack: boolean;
  readonly directoriesOnly: boolean;
  /** One part that any component may match, or parts from the top. */
  readonly isAnchored: boolean;
  readonly parts: readonly Part[];
};

function parseRule(text: string): Rule | null {
  const takesBack = text.startsWith('!');
  const afterSign = takesBack ? text.slice(1) : text;
  const directoriesOnly = afterSign.endsWith('/');
  const pattern = directoriesOnly ? afterSign.slice(0, -1) : afterSign;
  const isAnchored = pattern.includes('/');
  const pieces = isAnchored ? pattern.split('/').filter((piece) => piece !== '') : [pattern];
  // A trailing `**` asks for nothing more than what stands before it.
  const isPrefix = isAnchored && pieces.at(-1) === '**';
  const parts: Part[] = [];
  for (const piece of isPrefix ? pieces.slice(0, -1) : pieces) {
    if (isAnchored && piece === '**') parts.push('any');
    else if (isAnchored && piece.includes('**')) return null;
    else {
      const glob = parseGlob(codePoints(piece));
      if (glob === null) return null;
      parts.push(glob);
    }
  }
  const isHopeless = !parts.some((part) => part !== 'any');
  return isHopeless ? null : { takesBack, directoriesOnly, isAnchored, parts };
}

function matchesRule(rule: Rule, components: readonly RuleName[], isDirectory: boolean): boolean {
  // What a rule for directories matches must be one: a component before the last always is.
  const isFit = (length: number): boolean => !rule.directoriesOnly || isDirectory || length < components.length;
  const [only] = rule.parts;
  if (!rule.isAnchored && only !== undefined && only !== 'any') return components.some((component, index) => only.matches(component) && isFit(index + 1));
  return matchesFromTop(rule.parts, components, isFit);
}

/**
 * Whether the parts match the first so many components; anything below what they match is matched too. The shortest match is tried: what fits a longer one
 * fits it as well. So only the last `**` ever has to take more.
 */
function matchesFromTop(parts: readonly Part[], components: readonly RuleName[], isFit: (length: number) => boolean): boolean {
  let part = 0;
  let at = 0;
  let lastAny = -1;
  let takenTo = 0;
  for (;;) {
    const current = parts[part];
    if (current === undefined) return isFit(at);
    const component = components[at];
    if (current === 'any') {
      lastAny = part;
      takenTo = at;
      part += 1;
    } else if (component !== undefined && current.matches(component)) {
      part += 1;
      at += 1;
    } else if (lastAny >= 0 && takenTo < components.length) {
      takenTo += 1;
      at = takenTo;
      part = lastAny + 1;
    } else return false;
  }
}
