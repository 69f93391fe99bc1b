import { type Fixture, type FixtureName, unpackFixture } from '@wardrobe/testing';
import { deriveSecret, readConfig } from '../src/repository/config-file.js';
import { openRepository } from '../src/repository/repository.js';
import type { OpenOptions, Repository } from '../src/repository/types.js';
import { fsStore } from '@wardrobe/connector-fs';

const secrets = new Map<string, Promise<Uint8Array>>();

/** The secret of a fixture, derived once per process: tests open encrypted stores many times. Undefined for a plain one. */
export function fixtureSecret(fixture: Fixture): Promise<Uint8Array> | undefined {
  const { passphrase } = fixture;
  if (passphrase === undefined) return undefined;
  const known = secrets.get(fixture.name);
  if (known !== undefined) return known;
  const started = readConfig(fsStore(fixture.storeDir)).then((config) => deriveSecret(config, passphrase));
  secrets.set(fixture.name, started);
  return started;
}

/** A fixture's store (or a damaged copy of it, by `storeDir`), opened without deriving the key again. */
export async function openFixture(name: FixtureName, options: OpenOptions & { readonly storeDir?: string } = {}): Promise<Repository> {
  const fixture = await unpackFixture(name);
  const { storeDir, ...rest } = options;
  return openRepository(fsStore(storeDir ?? fixture.storeDir), { secret: await fixtureSecret(fixture), ...rest });
}
