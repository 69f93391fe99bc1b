import { InvalidInputError } from '@wardrobe/store-connector';
import { isPlainPath } from './endpoint.js';
import { BUCKETS, FOLDERS, under } from './layout.js';
import { attributesOf, attributesOrNull, makeFolder, readFolder, setMode, type Way } from './remote-file.js';
import { isMissing } from './sftp-errors.js';
import { inParallel } from './slots.js';
import { BUCKET_MODE, ensureFolder, madeFolder } from './write.js';

/** Folders made at once where the server does not say how many it keeps open. */
const HANDLES = 64;
/** Confidentiality rests on it: the files below have the server's own modes. */
const ROOT_MODE = 0o700;

/** @throws InvalidInputError a path that plakar's versions read differently, or something is there already */
export async function mustBeFree(way: Way, root: string): Promise<void> {
  if (!isPlainPath(root))
    throw new InvalidInputError(
      `a store is made under a path of letters without accents, digits and . _ ~ - / only, because plakar's versions read others differently: ${root}`,
    );
  if (((await readFolder(way, root)) ?? []).length > 0) throw new InvalidInputError(`${root} is not empty: a store is made in a folder of its own`);
}

/**
 * The folders plakar makes, with its modes; may be done again after a lost line. `CONFIG` is not among them.
 * @source 04-remote-stores 4.2
 */
export async function makeStoreFolders(way: Way, root: string): Promise<void> {
  await makeRoot(way, root);
  const buckets = [FOLDERS.packfile, FOLDERS.state].flatMap((folder) => BUCKETS.map((bucket) => under(root, folder, bucket)));
  for (const folder of [FOLDERS.packfile, FOLDERS.state]) await ensureFolder(way, under(root, folder), BUCKET_MODE);
  const [first = '', ...others] = buckets;
  await madeFolder(way, first, BUCKET_MODE);
  // The server's mask takes the same from all of them.
  const isMasked = ((await attributesOf(way, first)).mode & 0o7777) !== BUCKET_MODE;
  if (isMasked) await setMode(way, first, BUCKET_MODE);
  const make = async (path: string) => {
    if ((await madeFolder(way, path, BUCKET_MODE)) && isMasked) await setMode(way, path, BUCKET_MODE);
  };
  for await (const _ of inParallel(others, way.line.maxHandles ?? HANDLES, make));
  await ensureFolder(way, under(root, FOLDERS.lock), undefined);
}

/** An empty folder that is there keeps its mode. Folders above are looked at only when they are missing: a user may not see them all. */
async function makeRoot(way: Way, root: string): Promise<void> {
  if ((await attributesOrNull(way, root)) !== null) return;
  await makeWithParents(way, root, ROOT_MODE);
  await setMode(way, root, ROOT_MODE);
}

async function makeWithParents(way: Way, path: string, mode: number | undefined): Promise<void> {
  try {
    await makeFolder(way, path, mode);
  } catch (error) {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (!isMissing(error) || parent === '') throw error;
    await makeWithParents(way, parent, undefined);
    await makeFolder(way, path, mode);
  }
}
