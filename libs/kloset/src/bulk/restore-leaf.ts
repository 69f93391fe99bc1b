import { InvalidInputError, KlosetError } from '../errors/errors.js';
import type { Entry } from '../snapshot/types.js';
import { errnoOf } from './local-error.js';
import { specialReason } from './restore-conflict.js';
import type { Contents } from './restore-contents.js';
import { type Placement, restoreFifo, restoreFile, restoreHardLink, restoreSymlink } from './restore-entry.js';
import { settleName } from './restore-levels.js';
import { attributesOf, failed, type RestoreRun, xattrsOf } from './restore-run.js';
import type { RestoreWork } from './restore-work.js';
import type { SafeDirectory } from './safe-directory.js';

/** `work`: takes files that threads can make by themselves. */
export type Leaf = { readonly parent: SafeDirectory; readonly entry: Entry; readonly contents: Contents; readonly work: RestoreWork };

export async function restoreLeaf(run: RestoreRun, { parent, entry, contents, work }: Leaf): Promise<void> {
  const special = specialReason(entry);
  if (special !== null) {
    run.counts.special += 1;
    run.deviations.untouched(entry.path.bytes, false);
    run.problems.push({ path: entry.path, severity: 'warning', what: 'type', error: new InvalidInputError(special) });
    return;
  }
  try {
    const named = await settleName(run, { parent, entry });
    if (named === null) return;
    const { snapshot, options } = run;
    const place: Placement = { snapshot, parent, ...named, attributes: attributesOf(run, entry), xattrs: xattrsOf(run, entry), signal: options.signal };
    if (entry.type === 'file' && work.take(place, entry)) return;
    await restoreByType(run, place, { entry, contents });
  } catch (error) {
    run.options.signal?.throwIfAborted();
    failed(run, entry, error);
  }
}

type Work = Pick<Leaf, 'entry' | 'contents'>;

async function restoreByType(run: RestoreRun, place: Placement, { entry, contents }: Work): Promise<void> {
  if (entry.type === 'file') return restoreFileOrLink(run, place, { entry, contents });
  if (entry.type === 'symlink') {
    await restoreSymlink(place, entry);
    run.counts.symlinks += 1;
  } else {
    await restoreFifo(place, entry);
    run.counts.fifos += 1;
  }
}

async function restoreFileOrLink(run: RestoreRun, place: Placement, { entry, contents }: Work): Promise<void> {
  const existing = await run.links.find(entry);
  if (existing !== null) {
    try {
      await restoreHardLink(place, existing.path);
      run.counts.hardLinks += 1;
      run.counts.files += 1;
      return;
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'EPERM' && code !== 'EMLINK' && code !== 'EXDEV' && code !== 'ENOTSUP') throw error;
      place.attributes.warn('entry', new InvalidInputError(`${entry.path.text} was restored as a copy: it cannot be linked here (${code})`, { cause: error }));
    } finally {
      await existing.close();
    }
  }
  const small = entry.object === null ? null : contents.get(entry.object);
  if (small instanceof KlosetError) throw small;
  await restoreFile(place, entry, {
    placer: run.placer?.isStarted === true ? run.placer : null,
    lane: 0,
    small: small ?? null,
    onBytes: (count) => {
      run.counts.bytes += count;
      run.options.onProgress?.({ ...run.counts });
    },
  });
  if (entry.nlink > 1) await run.links.remember(entry, [...run.levels.slice(1).map((level) => level.name), place.name], place.parent.at(place.name));
  run.counts.files += 1;
}
