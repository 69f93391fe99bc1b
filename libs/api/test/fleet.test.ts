import { createHash, randomUUID } from 'node:crypto';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { MachinesPageDto, MatrixColumnDto } from '@wardrobe/contracts';
import { createStore, ingestReport, saveHeaders, saveReading, storeRevision } from '@wardrobe/db';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computeStore } from '../src/services/computing.js';
import { EventBus } from '../src/events.js';
import { loadMatrix } from '../src/services/matrix-model.js';
import { requiredStore } from '../src/services/tracking.js';
import { type Console, rawRequest, startConsole } from './console.js';

const SNAPSHOTS = 10_000;
const MACHINES = 100;
const START = Date.UTC(2023, 10, 20);
const id = (kind: string, number: number): string => createHash('sha256').update(`${kind} ${number}`).digest('hex');
const took: Record<string, number> = {};

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const before = performance.now();
  const cpu = process.cpuUsage();
  const result = await work();
  took[name] = Math.round(performance.now() - before);
  // On a busy machine the processor's time tells more than the clock's.
  const { user, system } = process.cpuUsage(cpu);
  took[`${name} (cpu)`] = Math.round((user + system) / 1000);
  return result;
}

/** 100 machines and 10,000 snapshots: the sizes that the budgets are made for. Times are printed, not judged. */
describe('a fleet', () => {
  let run: Console;
  let storeId: string;
  const delay = monitorEventLoopDelay({ resolution: 5 });

  beforeAll(async () => {
    run = await startConsole({ storeRoots: ['/nowhere'] });
    const { db } = run;
    const store = await createStore(db, {
      name: 'fleet',
      location: '/nowhere/fleet',
      repositoryId: randomUUID(),
      encrypted: false,
      keyKept: 'none',
      refreshIntervalSeconds: 86_400,
      unknownAfterHours: 26,
    });
    storeId = store.id;
    const numbers = Array.from({ length: SNAPSHOTS }, (_, number) => number);
    const readAt = new Date();
    await timed('reading kept', () =>
      saveReading(db, storeId, {
        readAt,
        findings: [],
        packfiles: numbers.map((number) => id('packfile', number)),
        tombstoned: [],
        states: numbers.map((number) => ({
          id: id('snapshot', number),
          version: '1.1.0',
          sizeBytes: 9000,
          serial: '',
          parent: null,
          metadataNs: BigInt(START + number * 9_500_000) * 1_000_000n,
          readable: true,
          error: null,
          brings: [id('snapshot', number)],
          colours: [],
        })),
        snapshots: numbers.map((number) => ({
          id: id('snapshot', number),
          availability: 'live',
          scheduledForDeletion: false,
          deletedAt: null,
          packedAt: null,
          lock: null,
          packfiles: [id('packfile', number)],
          states: [id('snapshot', number)],
        })),
      }),
    );
    await timed('headers kept', () =>
      saveHeaders(
        db,
        storeId,
        numbers.map((number) => ({
          id: id('snapshot', number),
          header: {
            takenAtNs: BigInt(START + number * 9_500_000 + ((number * 7919) % 9_000_000)) * 1_000_000n,
            durationMs: 1,
            name: '',
            category: '',
            environment: '',
            perimeter: '',
            job: '',
            tags: ['nightly'],
            host: `host-${number % 100}`,
            user: 'root',
            client: 'plakar',
            os: 'linux',
            backupMachineId: '',
            sourceType: 'fs',
            origin: '',
            directoryText: '/srv',
            directoryBytes: null,
            sizeBytes: 1e6,
            files: 10,
            directories: 2,
            symlinks: 0,
            errors: 0,
          },
        })),
      ),
    );
    const deps = {
      db,
      dataDirectory: '/nowhere',
      sealer: { seal: (plain: Uint8Array) => plain, open: (sealed: Uint8Array) => sealed },
      clock: { nowMs: Date.now },
      config: { baseUrl: run.baseUrl, secure: false, demo: false, storeRoots: [], version: '', workerUrl: new URL('file:///none') },
      log: () => undefined,
      bus: new EventBus(),
    };
    delay.enable();
    for (let machine = 0; machine < MACHINES; machine += 1) {
      // Most machines list everything; some lag, one has a phantom, one misses a snapshot whose state it merged.
      const seen = machine % 20 === 7 ? SNAPSHOTS - machine : SNAPSHOTS;
      const ids = numbers
        .slice(0, seen)
        .map((number) => id('snapshot', number))
        .filter((_, number) => !(machine === 3 && number === 5000));
      const shown = ids.map((snapshot, number) => ({ snapshot, packfiles: [id('packfile', number)] }));
      if (machine === 2) shown.push({ snapshot: id('phantom', 0), packfiles: [id('packfile', 17)] });
      const states = numbers.slice(0, seen).map((number) => id('snapshot', number));
      const report = {
        machine: { id: randomUUID(), name: `machine-${machine}`, hostName: `machine-${machine}`, os: 'linux' },
        agentVersion: '0.1.0',
        receivedAt: new Date(),
        createdAt: new Date(),
        source: 'agent' as const,
        tokenId: null,
        sizeBytes: 1,
        counts: {},
        failures: [],
        notes: [],
        unreadable: [],
        sightings: [
          {
            storeId,
            user: 'root',
            cache: '~/.cache/plakar',
            tool: 'plakar',
            line: '1.1',
            copy: 'own',
            lastUsedAt: null,
            inMotion: { value: false, why: [] },
            states,
            shown,
            deleted: [],
            introduced: { scope: 'asked' as const, states: [] },
            loneStates: [],
            setAside: [],
            counts: {},
            digest: createHash('sha256')
              .update(`${shown.length} ${machine === 2 || machine === 3 ? machine : ''}`)
              .digest('hex'),
          },
        ],
      };
      await timed('one report kept', () => ingestReport(db, report));
    }
    const row = await requiredStore({ db }, storeId);
    await timed('all cells computed', () => computeStore(deps, row));
    const first = (await db.pool.query<{ id: string }>('select id from machines limit 1')).rows[0]?.id ?? '';
    await timed("one machine's cells computed", () => computeStore(deps, row, [first]));
    delay.disable();
  }, 300_000);
  afterAll(async () => {
    process.stderr.write(
      `fleet of ${MACHINES} x ${SNAPSHOTS}, ms: ${JSON.stringify({ ...took, 'main thread delay p99': Math.round(delay.percentile(99) / 1e6), 'main thread delay max': Math.round(delay.max / 1e6) })}\n`,
    );
    await run.stop();
  });

  it('travels in 64 KB and says the same as its rows', async () => {
    const path = `/api/trpc/machines.list?input=${encodeURIComponent(JSON.stringify({ storeId }))}`;
    const cold = await timed('matrix, cold', () => rawRequest(`${run.baseUrl}${path}`, { headers: { cookie: run.admin, 'accept-encoding': 'gzip' } }));
    expect(cold.headers['content-encoding']).toBe('gzip');
    took['matrix, bytes packed'] = cold.body.length;
    expect(cold.body.length).toBeLessThanOrEqual(64 * 1024);
    const page = (await timed('matrix, warm', () => run.call<MachinesPageDto>('machines.list', { storeId }, { cookie: run.admin }))).data;
    took['matrix, bytes plain'] = JSON.stringify(page).length;
    expect(page.machines).toHaveLength(MACHINES);
    expect(page.columns).toBe(SNAPSHOTS + 1);
    expect(page.counts).toMatchObject({ diverged: 2, behind: 5, inSync: 93 });
    expect(page.columnTimes).toHaveLength(SNAPSHOTS + 1);
    expect(page.columnTimes.slice(1).every((step) => step >= 0)).toBe(true);
    expect(await storeRevision(run.db, storeId)).not.toBeNull();
  });

  it('after a report only its machine is read, and the matrix is the same as if all were', async () => {
    const options = async () => {
      const { revision, columnsRevision } = await requiredStore({ db: run.db }, storeId);
      return { storeId, revision, columnsRevision, retired: false, nowMs: Date.now(), limitMs: 26 * 3_600_000 };
    };
    const before = await loadMatrix(run.db, await options());
    await run.db.pool.query(`update machines set name = 'renamed' where name = 'machine-11'`);
    await run.db.pool.query(
      `update machine_stores set exception_snapshots = array[(select max(id) from snapshots)]::int4[], exception_cells = '{8}', exception_causes = '{0}' where machine_id = (select id from machines where name = 'machine-12')`,
    );
    const at = await options();
    const next = await timed('matrix model after a report', () => loadMatrix(run.db, at, before.source));
    const whole = await timed('matrix model, whole', () => loadMatrix(run.db, at));
    expect(next.model).toEqual(whole.model);
    expect(next.source.all).toBe(before.source.all);
    expect(next.model.rows.find(({ machine }) => machine.name === 'machine-12')?.worst).toBe('phantom');
    // Nothing changed: the very same columns.
    expect((await loadMatrix(run.db, at, next.source)).model.nums).toBe(next.model.nums);
  });

  it('the columns of the matrix and the divergence page answer', async () => {
    const columns = (await timed('columns', () => run.call<MatrixColumnDto[]>('matrix.columns', { storeId, from: 0, to: 20_000 }, { cookie: run.admin }))).data;
    expect(columns).toHaveLength(SNAPSHOTS + 1);
    const page = await timed('divergence page', () => run.call<{ lanes: unknown[]; sentence: string }>('divergence.get', { storeId }, { cookie: run.admin }));
    expect(page.status).toBe(200);
    expect(page.data.sentence).toBe('2 findings need a decision.');
    const snapshots = await timed('snapshots page', () => run.call('snapshots.list', { storeId }, { cookie: run.admin }));
    expect(snapshots.status).toBe(200);
  });
});
