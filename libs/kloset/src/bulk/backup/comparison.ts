import type { StoredContent } from '../../snapshot/write/types.js';
import type { AccountNames } from './account-names.js';
import type { ByteText } from './byte-text.js';
import { isUnchanged, type PreviousDirectory, type PreviousFile, type PreviousTree } from './previous.js';
import type { WalkedEntry, WalkGroup } from './walk-types.js';

/** Goes through an earlier snapshot in step with a walk. */
export interface Comparison {
  /** For each entry of the group the content that it still has, or null: to be read. Groups come in the order of the walk. */
  contents(group: WalkGroup): Promise<readonly (StoredContent | null)[]>;
}

export function compareWith(previous: PreviousTree | null, accounts: AccountNames): Comparison {
  if (previous === null) return { contents: async ({ entries }) => entries.map(() => null) };
  let current: { readonly path: ByteText; readonly directory: PreviousDirectory | null } | null = null;
  return {
    async contents({ directory, entries, isPrefix }) {
      const contents: (StoredContent | null)[] = entries.map(() => null);
      if (isPrefix || !entries.some(({ isFile }) => isFile)) return contents;
      if (current?.path !== directory) current = { path: directory, directory: await previous.open(directory) };
      if (current.directory === null) return contents;
      const found = await unchangedFiles(current.directory, entries, accounts);
      const known = await previous.contents(found.map(({ file }) => file));
      found.forEach(({ index }, i) => {
        contents[index] = known[i] ?? null;
      });
      return contents;
    },
  };
}

type Unchanged = { readonly index: number; readonly file: PreviousFile };

async function unchangedFiles(directory: PreviousDirectory, entries: readonly WalkedEntry[], accounts: AccountNames): Promise<Unchanged[]> {
  const found: Unchanged[] = [];
  for (const [index, entry] of entries.entries()) {
    if (!entry.isFile) continue;
    let file = directory.find(entry.name);
    while (file === 'later') {
      await directory.load();
      file = directory.find(entry.name);
    }
    if (file !== null && isUnchanged(file, entry, accounts)) found.push({ index, file });
  }
  return found;
}
