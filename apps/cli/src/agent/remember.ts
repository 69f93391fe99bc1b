import { mkdirSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Repository } from '@wardrobe/kloset';
import { sightingOfOwnIndex } from '@wardrobe/machine-cache';
import { writeAside } from '../write-aside.js';

/** Ending of the files that hold what this machine's Wardrobe saw, named by repository id. */
export const OWN_SIGHTING = '.sighting.json';

/**
 * Keeps beside the state index what this machine's Wardrobe saw in a store at its last use: ids only. The index itself is sealed with the store's keys, which the
 * agent does not have.
 */
export function rememberSighting(directory: string, repository: Repository): void {
  const sighting = sightingOfOwnIndex({
    repositoryId: repository.id,
    user: userInfo().username,
    cache: directory.replace(homedir(), '~'),
    lastUsedMs: Date.now(),
    view: repository.view,
  });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeAside(join(directory, `${repository.id}${OWN_SIGHTING}`), JSON.stringify(sighting));
}
