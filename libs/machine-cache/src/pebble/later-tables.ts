import { join } from 'node:path';
import { CacheReadError, damaged } from '../cache-error.js';
import { openForReading } from '../files.js';
import type { KeyRange } from './key-ranges.js';
import type { ManifestContent } from './manifest.js';
import type { Entry, MergedEntries } from './merged-entries.js';
import { readTable } from './table.js';

/** Above every key: the bounds of a table that no MANIFEST describes. */
const NO_BOUND = '\xff'.repeat(64);

/**
 * A MANIFEST cut exactly between two records reads cleanly and names an older set of tables. What gives it away is a table that it
 * does not name, newer than all it names, with writes that neither logs nor live tables hold: a log is only deleted after its
 * content is in tables of the MANIFEST. Tables left by a killed flush or compaction hold nothing that is not also in the live files.
 * @throws CacheReadError such a table lies in the directory
 */
export async function checkLaterTables(
  directory: string,
  names: readonly string[],
  options: { readonly manifest: ManifestContent; readonly merged: MergedEntries; readonly ranges: readonly KeyRange[] | null },
): Promise<void> {
  const newest = options.manifest.tables.reduce((highest, { number }) => Math.max(highest, number), 0);
  for (const name of names) {
    const number = Number(/^(\d{6,15})\.sst$/.exec(name)?.[1] ?? 0);
    if (number <= newest) continue;
    if (await holdsMissingWrites(directory, { name, number }, options)) throw damaged(`the MANIFEST is older than table ${number}, whose writes are missing`);
  }
}

async function holdsMissingWrites(
  directory: string,
  table: { readonly name: string; readonly number: number },
  options: { readonly merged: MergedEntries; readonly ranges: readonly KeyRange[] | null },
): Promise<boolean> {
  let missing = false;
  const onEntry = (entry: Entry): void => {
    if (options.merged.isBehind(entry)) missing = true;
  };
  try {
    const handle = await openForReading(join(directory, table.name));
    try {
      const { size } = await handle.stat();
      const meta = { level: 0, number: table.number, sizeBytes: size, smallest: '', largest: NO_BOUND };
      await readTable(handle, meta, { ranges: options.ranges, onEntry });
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Half written, or removed meanwhile: a flush or compaction that has not come to its end.
    if (error instanceof CacheReadError) return false;
    throw error;
  }
  return missing;
}
