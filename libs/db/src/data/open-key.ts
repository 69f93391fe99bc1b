import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataFolder } from './data-folder.js';
import { defaultKeyFile, type KeyRing, openKeyFile } from './key-file.js';
import { StartError } from './start-error.js';

/**
 * The keys of a data folder. The folder keeps a check value of its key file, so that a wrong or lost key file is a sentence at start
 * and never a new key beside old data.
 * @throws StartError
 */
export function openKeyRing(folder: DataFolder, keyFile?: string): KeyRing {
  const path = keyFile ?? defaultKeyFile(folder.path);
  const checkPath = join(folder.path, 'key.check');
  const known = existsSync(checkPath) ? readFileSync(checkPath, 'utf8').trim() : null;
  const ring = openKeyFile(path, { mayCreate: known === null });
  const check = Buffer.from(ring.derive('check')).toString('hex');
  if (known === null) writeFileSync(checkPath, `${check}\n`, { mode: 0o600 });
  else if (known !== check)
    throw new StartError(`${path} is not the key file of the data folder ${folder.path}. Put the right file back, or name its place with WARDROBE_KEY_FILE.`);
  return ring;
}
