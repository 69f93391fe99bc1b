import { hostname } from 'node:os';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { createStore, openRepository, type Repository, type StoreLine, type WritableStore } from '@wardrobe/kloset';
import { keystream } from '@wardrobe/kloset/testing';
import { type Oracle, type OracleLine, type OracleStore, oracle, type SeededRandom, seededRandom, temporaryFolder } from '@wardrobe/testing';
import { Machine } from './machine.js';
import { Model } from './model.js';

const DAY_MS = 86_400_000;
const SMALL_KDF = { memoryKiB: 64, passes: 1 };

export type WorldOptions = {
  readonly seed: number;
  readonly line: StoreLine;
  readonly machines: number;
  readonly encrypted: boolean;
  /** Lines of plakar that take part. */
  readonly oracles: readonly OracleLine[];
  /** Half-way plakar 1.0 goes and plakar 1.1 comes, on every machine. Its backups upon snapshots of 1.0 lack entries (02-snapshot 9.1). */
  readonly upgrades?: boolean;
};

/** A store, the machines that use it, a clock, and what must be true. */
export class World {
  readonly model = new Model();
  readonly random: SeededRandom;
  readonly machines: readonly Machine[];
  readonly oracles = new Map<OracleLine, Oracle>();
  readonly counts: Record<string, number> = {};
  readonly log: string[] = [];
  readonly #bytes;
  /** Far behind the clock of this computer, which plakar goes by. */
  nowMs = Date.now() - 3000 * DAY_MS;

  constructor(
    readonly options: WorldOptions,
    readonly root: string,
  ) {
    this.random = seededRandom(options.seed);
    this.#bytes = keystream(`endurance ${options.seed}`);
    this.machines = Array.from({ length: options.machines }, (_, index) => {
      const name = `host-${index}`;
      return new Machine(name, join(root, name), (this.random.below(7) - 3) * 60_000);
    });
  }

  static async of(options: WorldOptions): Promise<World> {
    const world = new World(options, await temporaryFolder('endurance'));
    await createStore(world.store, {
      line: options.line,
      passphrase: world.passphrase ?? null,
      kdf: SMALL_KDF,
      environment: world.environment(world.machines[0]),
    });
    for (const line of options.oracles) world.oracles.set(line, await oracle(line));
    return world;
  }

  get passphrase(): string | undefined {
    return this.options.encrypted ? 'a fine passphrase' : undefined;
  }

  get store(): WritableStore {
    return fsStore(join(this.root, 'store')) as WritableStore;
  }

  environment(machine: Machine | undefined) {
    return {
      nowMs: () => this.nowMs + (machine?.skewMs ?? 0),
      randomBytes: (lengthBytes: number) => this.#bytes.bytes(lengthBytes),
      hostname: machine?.name ?? hostname(),
    };
  }

  /** A reader that has seen nothing, or a machine with what it remembers. */
  open(machine?: Machine, store: WritableStore = this.store): Promise<Repository> {
    return openRepository(store, { passphrase: this.passphrase, indexDirectory: machine?.indexDirectory });
  }

  /** How plakar on a machine sees the store; without one, how it does on a new machine. */
  oracleStore(line: OracleLine, machine?: Machine): OracleStore {
    return { store: join(this.root, 'store'), passphrase: this.passphrase, cache: machine?.cache(line), hostname: machine?.name };
  }

  /** From now on no machine has plakar 1.0. */
  async upgrade(): Promise<void> {
    await this.oracles.get('1.0')?.close();
    this.oracles.delete('1.0');
    this.oracles.set('1.1', await oracle('1.1'));
  }

  async states(): Promise<Set<string>> {
    const ids = new Set<string>();
    for await (const { id } of this.store.list('state')) ids.add(id);
    return ids;
  }

  /** Ten minutes pass: whoever left a lock behind is gone. */
  async clearLocks(): Promise<void> {
    const { store } = this;
    for await (const { id } of store.list('lock')) await store.remove('lock', id);
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
    this.log.push(what);
  }

  async close(): Promise<void> {
    for (const one of this.oracles.values()) await one.close();
  }
}
