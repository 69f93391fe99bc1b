import { readdirSync, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type CacheFailure, type SightingReport, sightingReport } from '@wardrobe/contracts';
import { parseJson } from '../parse-json.js';
import { OWN_SIGHTING as ENDING } from './remember.js';

/** The sightings of line `wardrobe` on this machine. One that cannot be read is a failure of its own. */
export function ownSightings(directory: string): { sightings: SightingReport[]; failures: CacheFailure[] } {
  const found: { sightings: SightingReport[]; failures: CacheFailure[] } = { sightings: [], failures: [] };
  for (const name of namesIn(directory)) {
    const parsed = sightingReport.safeParse(parseJson(readFileSync(join(directory, name), 'utf8')));
    if (parsed.success) found.sightings.push(parsed.data);
    else
      found.failures.push({
        repositoryId: name.slice(0, -ENDING.length),
        user: userInfo().username,
        cache: directory.replace(homedir(), '~'),
        code: 'damaged',
        message: `${name} is damaged; the next use of the store writes it again`,
      });
  }
  return found;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith(ENDING) && /^[0-9a-f-]{36}$/.test(name.slice(0, -ENDING.length)));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
