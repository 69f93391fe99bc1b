import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryId } from '@wardrobe/kloset-model';
import { hexFromBytes } from '../bytes/bytes.js';
import { DecodeError } from '../errors/errors.js';
import { joinInto, type Layer } from '../state/layer.js';
import { readLayerFile, writeLayerFile } from './index-file.js';
import type { Keys } from './keys.js';
import type { LayerStorage } from './state-index.js';

/** More files than this are joined into one when the index is loaded. */
const MAX_FILES = 6;
/** Files that no manifest names are left alone this long: another process may be about to name them. */
const LEFTOVER_MS = 3_600_000;
const LAYER_FILE = /^[0-9a-f]{32}\.layer$/;
const MANIFEST = 'manifest.json';

/**
 * The state index of one store in a folder of its own: layer files and a manifest that names them, each written aside and renamed. Its name and the key of its
 * checksums are made with the repository's MAC, so from the key material and the location, and tell nothing of either. What is damaged is thrown away with a note.
 */
export function indexFolder(keys: Keys, directory: string, onNote: (note: string) => void): LayerStorage {
  const fingerprint = hexFromBytes(keys.algorithm.hash(Buffer.from(`wardrobe state index of ${keys.store.location}`, 'utf8'))).slice(0, 32);
  const key = keys.algorithm.hash(Buffer.from('wardrobe state index checksum', 'utf8'));
  return new IndexFolder(join(directory, `${keys.config.repositoryId}-${fingerprint}`), key, onNote);
}

/** Removes the indexes of a repository, wherever its stores lie. */
export async function removeStateIndex(directory: string, repositoryId: RepositoryId): Promise<void> {
  for (const name of await namesIn(directory)) if (name.startsWith(`${repositoryId}-`)) await rm(join(directory, name), { recursive: true, force: true });
}

class IndexFolder implements LayerStorage {
  readonly #files = new WeakMap<Layer, string>();

  constructor(
    readonly folder: string,
    readonly key: Uint8Array,
    readonly onNote: (note: string) => void,
  ) {}

  async load(): Promise<readonly Layer[]> {
    try {
      const layers: Layer[] = [];
      for (const name of await this.#manifest()) {
        const layer = await readLayerFile(join(this.folder, name), this.key);
        this.#files.set(layer, name);
        layers.push(layer);
      }
      const [first, ...rest] = layers;
      if (first === undefined || layers.length <= MAX_FILES) return layers;
      const joined = [joinInto([first, ...rest])];
      await this.save(joined);
      return joined;
    } catch (error) {
      this.onNote(`the state index ${this.folder} is damaged and is built again: ${messageOf(error)}`);
      await rm(join(this.folder, MANIFEST), { force: true }).catch((cause: unknown) => this.onNote(`its manifest cannot be removed: ${messageOf(cause)}`));
      return [];
    }
  }

  async save(layers: readonly Layer[]): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      const names: string[] = [];
      for (const layer of layers) names.push(this.#files.get(layer) ?? (await this.#write(layer)));
      await this.#writeManifest(names);
      await this.#removeLeftovers(new Set(names));
    } catch (error) {
      this.onNote(`the state index ${this.folder} could not be written, the next opening reads the states again: ${messageOf(error)}`);
    }
  }

  async #manifest(): Promise<readonly string[]> {
    let text: string;
    try {
      text = await readFile(join(this.folder, MANIFEST), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
    const parsed: unknown = JSON.parse(text);
    const layers = typeof parsed === 'object' && parsed !== null && 'layers' in parsed ? parsed.layers : null;
    if (!Array.isArray(layers) || !layers.every((name): name is string => typeof name === 'string' && LAYER_FILE.test(name)))
      throw new DecodeError('state index', 'its manifest is damaged');
    return layers;
  }

  async #write(layer: Layer): Promise<string> {
    const name = `${randomBytes(16).toString('hex')}.layer`;
    await writeLayerFile(join(this.folder, name), layer, this.key);
    this.#files.set(layer, name);
    return name;
  }

  async #writeManifest(layers: readonly string[]): Promise<void> {
    const aside = join(this.folder, `${randomBytes(16).toString('hex')}.tmp`);
    const file = await open(aside, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify({ format: 1, layers }));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, join(this.folder, MANIFEST));
  }

  async #removeLeftovers(named: ReadonlySet<string>): Promise<void> {
    for (const name of await namesIn(this.folder)) {
      if (name === MANIFEST || named.has(name)) continue;
      const path = join(this.folder, name);
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs > LEFTOVER_MS) await rm(path, { force: true });
    }
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
