import { pathComponents } from '@wardrobe/kloset-model';
import { InvalidInputError } from '../errors/errors.js';
import type { Entry } from '../snapshot/types.js';
import { byteTextOf } from './backup/byte-text.js';
import { exclusionRules, ruleName } from './backup/exclusion-rules.js';

/** Which entries of a tree are wanted; all when there are no rules. */
export type PathSelection = { readonly isWhole: boolean; has(entry: Pick<Entry, 'path' | 'type'>): boolean };

/**
 * Rules as of a backup's excludes (gitignore-like), relative to `top`. With `include` only what one of those matches, or what lies below it, is wanted; never
 * what `exclude` matches.
 * @throws InvalidInputError a rule that can match nothing because it is malformed
 */
export function pathSelection(
  top: Pick<Entry, 'path' | 'type'>,
  rules: { readonly include?: readonly string[] | undefined; readonly exclude?: readonly string[] | undefined },
): PathSelection {
  const include = exclusionRules(rules.include ?? []);
  const exclude = exclusionRules(rules.exclude ?? []);
  for (const rule of [...include.malformed, ...exclude.malformed]) throw new InvalidInputError(`the pattern '${rule}' is malformed and would match nothing`);
  const skipped = pathComponents(top.path.bytes).length - (top.type === 'directory' ? 0 : 1);
  const isWhole = include.isEmpty && exclude.isEmpty;
  return {
    isWhole,
    has(entry) {
      if (isWhole) return true;
      const components = pathComponents(entry.path.bytes)
        .slice(skipped)
        .map((component) => ruleName(byteTextOf(component)));
      const isDirectory = entry.type === 'directory';
      return (include.isEmpty || include.isExcluded(components, isDirectory)) && !exclude.isExcluded(components, isDirectory);
    },
  };
}
