import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '@wardrobe/testing';
import { openRepository } from '../src/repository/repository.js';
import type { Repository } from '../src/repository/types.js';
import type { Store } from '../src/store/store.js';
import { fsStore } from '@wardrobe/connector-fs';

/** Stores that tools/oracle made: a folder each, with `store.tar.gz` and `expected/<n>.jsonl`. */
export const ORACLE_FOLDER = fileURLToPath(new URL('../../../fixtures/oracle/', import.meta.url));
export const ORACLE_STORES = readdirSync(ORACLE_FOLDER, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
const PASSPHRASE = 'oracle passphrase ü';

export async function oracleStore(name: string): Promise<Store> {
  const folder = await temporaryFolder('oracle');
  await promisify(execFile)('tar', ['-xzf', join(ORACLE_FOLDER, name, 'store.tar.gz'), '-C', folder]);
  return fsStore(join(folder, 'store'));
}

export async function openOracle(name: string): Promise<Repository> {
  const isEncrypted = name.includes('scrypt') || name.includes('pbkdf2');
  return openRepository(await oracleStore(name), isEncrypted ? { passphrase: PASSPHRASE } : {});
}
