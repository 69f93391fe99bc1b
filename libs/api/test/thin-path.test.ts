import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { EntriesPageDto, MachinesPageDto, SnapshotsPageDto, StoreDto } from '@wardrobe/contracts';
import { expectedText, type Fixture, unpackFixture } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Console, startConsole } from './console.js';

describe('a plain 1.0 store, from adding to a file', () => {
  let fixture: Fixture;
  let run: Console;
  let store: StoreDto;
  beforeAll(async () => {
    fixture = await unpackFixture('v10-plain-desync');
    run = await startConsole({ storeRoots: [dirname(fixture.storeDir)] });
    store = await run.api.addStore({ name: 'team', location: fixture.storeDir });
  });
  afterAll(() => run.stop());

  it('is read and ready', () => {
    expect(store, run.logs.join('\n')).toMatchObject({ status: 'ready', encrypted: false, keyKept: 'none', line: '1.0' });
    expect(store.counts).toMatchObject({ snapshots: 2 });
  });

  it('lists its live snapshots, the deleted and the hidden one apart', async () => {
    const list = async (include: string) =>
      (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id, include }, { cookie: run.admin })).data.rows;
    expect((await list('live')).map(({ host, errors }) => ({ host, errors }))).toHaveLength(2);
    expect(await list('deleted')).toHaveLength(1);
    expect(await list('hidden')).toMatchObject([{ availability: 'hidden' }]);
  });

  it('gives every file with the bytes that were backed up', async () => {
    const page = (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id, sort: 'oldest' }, { cookie: run.admin })).data;
    const snapshot = page.rows.find(({ directory }) => directory.text === '/srv/team');
    expect(snapshot).toBeDefined();
    const listed = (await run.call<EntriesPageDto>('explorer.list', { storeId: store.id, snapshotId: snapshot?.id ?? '' }, { cookie: run.admin })).data;
    expect(listed.path).toBe('/srv/team');
    const expected = (await expectedText(fixture, '2-team.jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string; type: string; sha256?: string });
    for (const { path, sha256 } of expected.filter(({ type }) => type === 'file')) {
      const encoded = `/srv/team${path}`.split('/').map(encodeURIComponent).join('/');
      const response = await run.fetch(`/api/stores/${store.id}/snapshots/${snapshot?.id}/content?path=${encoded}`, { cookie: run.admin });
      expect(response.status, path).toBe(200);
      expect(
        createHash('sha256')
          .update(Buffer.from(await response.arrayBuffer()))
          .digest('hex'),
        path,
      ).toBe(sha256);
    }
  });

  it('shows no machine before a report', async () => {
    const page = (await run.call<MachinesPageDto>('machines.list', { storeId: store.id }, { cookie: run.admin })).data;
    expect(page.machines).toEqual([]);
    expect(page.storeFindingsSentence).toContain('1 snapshot is hidden');
  });
});
