import { type MemoryStore, memoryStore } from '@wardrobe/connector-memory';
import { type Mac, type PackfileId, parseMac, type SnapshotId, type StateId } from '@wardrobe/kloset-model';
import { createStore } from '../../../repository/create-store.js';
import { openRepository } from '../../../repository/repository.js';
import type { Repository } from '../../../repository/types.js';
import { openWriter } from '../../../repository/writer.js';
import type { RepositoryWriter, StoreLine } from '../../../repository/writer-types.js';
import { type BuildEntry, buildSnapshot, keystream } from '../../../snapshot/testing/index.js';
import type { WritableStore } from '../../../store/store.js';
import { checkSnapshots } from '../../check.js';
import { planMaintenance } from '../plan.js';
import { runMaintenance } from '../run.js';
import type { RunOptions } from '../types.js';

const START = Date.parse('2026-03-01T00:00:00Z');

/** A store in memory with a clock and random bytes of its own, and what a test of maintenance does with it. */
export class World {
  nowMs = START;
  readonly #random = keystream('maintenance');

  constructor(
    readonly store: WritableStore & MemoryStore,
    readonly line: StoreLine,
  ) {}

  static async of(line: StoreLine): Promise<World> {
    const world = new World(memoryStore(), line);
    await createStore(world.store, { line, passphrase: null, environment: world.environment });
    return world;
  }

  get environment() {
    return { nowMs: () => this.nowMs, randomBytes: (lengthBytes: number) => this.#random.bytes(lengthBytes), hostname: 'alpha' };
  }

  id(): SnapshotId & StateId {
    return parseMac(Buffer.from(this.#random.bytes(32)).toString('hex')) as SnapshotId & StateId;
  }

  open(store: WritableStore = this.store): Promise<Repository> {
    return openRepository(store);
  }

  async write(work: (writer: RepositoryWriter) => void, options: { readonly state?: StateId | 'content' } = {}): Promise<StateId | null> {
    this.nowMs += 1000;
    const repository = await this.open();
    const writer = await openWriter(repository, { lock: 'none', environment: this.environment });
    work(writer);
    const { state } = await writer.commit(options);
    await writer.close();
    return state;
  }

  async backup(entries: Readonly<Record<string, string>>): Promise<SnapshotId> {
    const id = this.id();
    const files = Object.entries(entries).map(([name, content]): BuildEntry => ({ path: `/srv/${name}`, content, xattrs: { 'user.a': `of ${name}` } }));
    await this.write((writer) => void buildSnapshot(writer, files, { form: this.line, id, timestampNs: BigInt(this.nowMs) * 1_000_000n }), { state: id });
    return id;
  }

  remove(id: SnapshotId): Promise<StateId | null> {
    return this.write((writer) => writer.colour(5, id), { state: 'content' });
  }

  /** Packfiles that are in the store and that no state names. */
  async abort(entries: Readonly<Record<string, string>>, withHeader: boolean): Promise<PackfileId[]> {
    const before = new Set(this.store.items.packfile.keys());
    const repository = await this.open();
    const writer = await openWriter(repository, { lock: 'none', environment: this.environment });
    const files = Object.entries(entries).map(([name, content]): BuildEntry => ({ path: `/srv/${name}`, content, xattrs: { 'user.a': `of ${name}` } }));
    const put = withHeader
      ? writer
      : { mac: writer.mac.bind(writer), put: (type: number, bytes: Uint8Array, id?: Mac) => (type === 5 ? (id as Mac) : writer.put(type, bytes, id)) };
    buildSnapshot(put, files, { form: this.line, id: this.id() });
    await writer.commit();
    for (const state of [...this.store.items.state.keys()].slice(-1)) this.store.items.state.delete(state);
    await writer.close();
    return [...this.store.items.packfile.keys()].filter((id) => !before.has(id));
  }

  async run(options: Partial<RunOptions> = {}, store: WritableStore = this.store) {
    return runMaintenance(await this.open(store), { environment: this.environment, ...options });
  }

  async plan(options: Partial<RunOptions> = {}) {
    return planMaintenance(await this.open(), { nowMs: this.nowMs, ...options });
  }

  /** Live snapshots, each proven to its last byte by a reader that has seen nothing before. */
  async sound(): Promise<SnapshotId[]> {
    const repository = await this.open();
    const snapshots = repository.view.live.map(({ id }) => id).sort();
    for await (const problem of checkSnapshots(repository, { snapshots })) throw problem.error;
    return snapshots;
  }
}
