import type { PackfileId, SnapshotId } from '@wardrobe/kloset-model';

/** Content of every file of a snapshot by its absolute path. */
export type Files = ReadonlyMap<string, Buffer>;

/** Packfiles of the store before a backup began: scheduled for deletion, and not. */
export type BeforeBackup = { readonly coloured: ReadonlySet<PackfileId>; readonly available: ReadonlySet<PackfileId> };

/** What must be true of the store, whoever looks. Knows nothing of packfiles and states. */
export class Model {
  /** Snapshots that every reader must show, whole. */
  readonly live = new Map<SnapshotId, Files>();
  /** Snapshots whose state never arrived: nobody may show them, and a repair may bring them. */
  readonly lost = new Map<SnapshotId, Files>();
  readonly removed = new Set<SnapshotId>();
  /** Snapshots that plakar may have made with entries that nothing stores: every file can be had, and a check finds fault with them. */
  readonly imperfect = new Set<SnapshotId>();

  /**
   * plakar 1.1 removed packfiles: its delete entries take the colour away too and bear parents that order nothing, so that a machine that merges them first goes
   * on seeing the packfile, without colour and without file (01-store 5.5). What it then cannot read is read by everybody else.
   */
  disputed = false;

  /** By whom, and at which machine: for what a failure says. */
  readonly makers = new Map<SnapshotId, string>();

  /** Of snapshots that plakar 1.0 made. */
  readonly before = new Map<SnapshotId, BeforeBackup>();

  publish(id: SnapshotId, files: Files, by = 'Wardrobe'): void {
    this.live.set(id, files);
    if (!this.makers.has(id)) this.makers.set(id, by);
    this.lost.delete(id);
  }

  remove(id: SnapshotId): void {
    this.live.delete(id);
    this.removed.add(id);
  }

  get ids(): readonly SnapshotId[] {
    return [...this.live.keys()].sort();
  }
}
