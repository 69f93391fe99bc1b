import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mac } from '@wardrobe/kloset-model';
import { HEADER_BYTES } from '../../format/envelope.js';
import type { Repository } from '../types.js';

/** Flips a bit in the middle of a blob, in the first packfile that holds it, of the store in `directory`. Returns what mends it. */
export async function flipBlob(
  { directory, repository }: { readonly directory: string; readonly repository: Pick<Repository, 'view'> },
  type: number,
  id: Mac,
): Promise<() => Promise<void>> {
  const [place] = repository.view.locations(type, id);
  if (place === undefined) throw new Error('it was stored');
  const file = join(directory, 'packfiles', place.packfile.slice(0, 2), place.packfile);
  const bytes = await readFile(file);
  const hurt = Buffer.from(bytes);
  const at = place.offset + HEADER_BYTES + (place.lengthBytes >> 1);
  hurt[at] = (hurt[at] ?? 0) ^ 4;
  await writeFile(file, hurt);
  return () => writeFile(file, bytes);
}
