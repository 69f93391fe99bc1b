/**
 * Our libraries write relative imports with `.js`, as TypeScript's own resolution wants; Turbopack does not map that to the `.ts` file beside it.
 * Drops the ending of relative imports, so that the bundler looks for the source.
 */
const RELATIVE = /((?:from|import)\s*\(?\s*)(['"])(\.{1,2}\/[^'"\n]+)\.js\2/g;

module.exports = function dropEndings(source) {
  return source.replace(RELATIVE, '$1$2$3$2');
};
