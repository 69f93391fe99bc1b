import type { PackfileId } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import { checkSnapshots } from '../src/bulk/check.js';
import { checkStore } from '../src/bulk/check-store.js';
import { remoteFacts } from '../src/repository/remote-facts.js';
import { openRepository } from '../src/repository/repository.js';
import { isDamaged } from '../src/snapshot/entry.js';
import { openSnapshot } from '../src/snapshot/open.js';
import { snapshotSource } from '../src/snapshot/source.js';
import { copyToMemory } from '@wardrobe/connector-memory';
import { oracleStore } from './open-oracle.js';
import { idOf, storeBuilder } from './store-builder.js';

const NOW_MS = 1_900_000_000_000;

/** A store of one snapshot in many packfiles, of which all but those of `spare` are coloured. */
async function colouredStore(spare: (id: PackfileId, headers: readonly PackfileId[]) => boolean) {
  const store = await copyToMemory(await oracleStore('oracle-v11-wide-deep'));
  const sound = await openRepository(store);
  const headers = sound.view.live.flatMap((snapshot) => snapshot.packfiles);
  const coloured = [...sound.view.packfiles()].map((packfile) => packfile.id).filter((id) => !spare(id, headers));
  const builder = storeBuilder({ repositoryId: sound.id, compression: 'LZ4' });
  store.items.state.set(idOf('c'), builder.state(idOf('c'), { coloured: coloured.map((id) => ({ type: 4, id, whenNs: 5n })) }));
  const repository = await openRepository(store);
  const [snapshot] = repository.view.live;
  if (snapshot === undefined || coloured.length < 2) throw new Error('the store is not as expected');
  return { store, repository, coloured, snapshot };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('a live snapshot whose data lies in packfiles scheduled for deletion', () => {
  it('is read, and checked without a fault, thoroughly and fast', async () => {
    const { repository, snapshot } = await colouredStore(() => false);
    expect(repository.view.unreadable).toEqual([]);
    expect(snapshot.scheduledForDeletion).toBe(true);
    for (const fast of [true, false])
      expect(await collect(checkSnapshots(snapshotSource(repository, repository), { snapshots: [snapshot.id], fast }))).toEqual([]);
    const opened = await openSnapshot(repository, snapshot.id);
    let files = 0;
    for await (const entry of opened.walk(Buffer.from('/'))) {
      if (isDamaged(entry)) throw entry.damaged;
      if (entry.object !== null) for await (const piece of opened.content(await opened.object(entry.object))) files += piece.length > 0 ? 1 : 0;
    }
    expect(files).toBeGreaterThan(300);
  });

  it('is told by the check of the store and by the remote facts, also when its header is safe', async () => {
    const { repository, coloured, snapshot } = await colouredStore((id, headers) => headers.includes(id));
    expect(snapshot.scheduledForDeletion).toBe(false);
    const told = (await collect(checkStore(repository, { fast: true }))).map(({ id, severity, snapshots }) => ({ id, severity, snapshots }));
    expect(told.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual([...coloured].sort().map((id) => ({ id, severity: 'warning', snapshots: [snapshot.id] })));
    const { findings } = await remoteFacts(repository, { nowMs: NOW_MS });
    expect(
      findings
        .filter((finding) => finding.kind === 'coloured-in-use')
        .map((finding) => finding.id)
        .sort(),
    ).toEqual([...coloured].sort());
  });

  it('one of them that is gone is an error of the store, although it was coloured', async () => {
    const { store, coloured } = await colouredStore((id, headers) => headers.includes(id));
    store.items.packfile.delete(coloured[0] as PackfileId);
    const problems = await collect(checkStore(await openRepository(store), { fast: true }));
    expect(problems.filter((problem) => problem.severity === 'error').map((problem) => problem.id)).toEqual([coloured[0]]);
  });

  it('nothing is told once the snapshot is removed', async () => {
    const { store, repository, snapshot } = await colouredStore(() => false);
    const builder = storeBuilder({ repositoryId: repository.id, compression: 'LZ4' });
    store.items.state.set(idOf('d'), builder.state(idOf('d'), { coloured: [{ type: 5, id: snapshot.id, whenNs: 6n }] }));
    const removed = await openRepository(store);
    expect(removed.view.colouredInUse()).toEqual([]);
    expect(await collect(checkStore(removed, { fast: true }))).toEqual([]);
  });
});
