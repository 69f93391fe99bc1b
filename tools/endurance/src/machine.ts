import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SeededRandom } from '@wardrobe/testing';
import type { Files } from './model.js';

/** A computer with files that change, a clock that is a little off, and caches of its own. */
export class Machine {
  readonly #files = new Map<string, Buffer>();
  /** States that were in the store when plakar last used it from here. */
  seen: ReadonlySet<string> = new Set();

  constructor(
    readonly name: string,
    readonly folder: string,
    /** How far its clock is off. */
    readonly skewMs: number,
  ) {}

  get source(): string {
    return join(this.folder, 'source');
  }

  get indexDirectory(): string {
    return join(this.folder, 'index');
  }

  cache(line: string): string {
    return join(this.folder, `cache-${line}`);
  }

  /** Some files come, some go, some change. */
  async live(random: SeededRandom): Promise<void> {
    await mkdir(this.source, { recursive: true });
    const changes = 1 + random.below(5);
    for (let change = 0; change < changes; change += 1) {
      const names = [...this.#files.keys()];
      if (names.length > 3 && random.next() < 0.25) await this.#drop(random.pick(names));
      else await this.#write(names.length > 0 && random.next() < 0.4 ? random.pick(names) : this.#newName(random), random);
    }
  }

  /** What a backup made now must hold. */
  files(): Files {
    return new Map([...this.#files].map(([name, content]) => [join(this.source, name), content]));
  }

  #newName(random: SeededRandom): string {
    const folder = random.pick(['', 'docs/', 'docs/deep/er/', 'photos/']);
    return `${folder}file ${random.below(40)}.txt`;
  }

  async #write(name: string, random: SeededRandom): Promise<void> {
    const content = Buffer.from(contentOf(random));
    await mkdir(dirname(join(this.source, name)), { recursive: true });
    await writeFile(join(this.source, name), content);
    this.#files.set(name, content);
  }

  async #drop(name: string): Promise<void> {
    await rm(join(this.source, name));
    this.#files.delete(name);
  }
}

/** Empty, small, alike on several machines, or of more than one chunk. */
function contentOf(random: SeededRandom): Uint8Array {
  const kind = random.next();
  if (kind < 0.1) return new Uint8Array(0);
  if (kind < 0.4) return Buffer.from(`shared content ${random.below(12)}\n`.repeat(20));
  if (kind < 0.9) return random.bytes(random.below(3000));
  return random.bytes(200_000 + random.below(100_000));
}
