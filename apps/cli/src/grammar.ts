/** `wardrobe [options] [at STORE] COMMAND …`: the store is taken out, the rest is left for the commands. */
export type SplitArguments = { readonly store: string | null; readonly rest: readonly string[] };

/** Global options that take a value and may stand before `at`. */
const WITH_VALUE = new Set(['--keyfile', '--index', '-o', '--option']);

/** @throws TypeError `at` without a store */
export function splitStore(args: readonly string[]): SplitArguments {
  let index = 0;
  while (index < args.length && (args[index] ?? '').startsWith('-')) index += WITH_VALUE.has(args[index] ?? '') ? 2 : 1;
  if (args[index] !== 'at') return { store: null, rest: args };
  const store = args[index + 1];
  if (store === undefined || store.length === 0) throw new TypeError("'at' needs a store: wardrobe at /path/to/store ls");
  return { store, rest: [...args.slice(0, index), ...args.slice(index + 2)] };
}
