import { request } from 'node:http';
import { fsStore } from '@wardrobe/connector-fs';
import { openRepository } from '@wardrobe/kloset';
import { addStore, type RunningConsole, startConsole } from '../console.js';
import { fleetReport, type FleetStore } from '../fleet.js';
import { largest, median, repeat, timed } from '../statistics.js';
import { manySnapshots } from '../stores/generate.js';
import type { Section } from '../table.js';
import type { BenchContext } from './context.js';

const MACHINES = 100;
const SNAPSHOTS = 10_000;

/** Reports of 100 machines over a store of 10,000 snapshots, through the running server and its built-in database. */
export async function matrix({ work, turns }: BenchContext): Promise<Section> {
  const root = await work.store('snapshots', (folder) => manySnapshots(folder, { snapshots: SNAPSHOTS }));
  const fleet = await fleetOf(root);
  const console = await startConsole([work.path]);
  try {
    const adding = await timed(() => addStore(console, { name: 'fleet', location: root }));
    const secrets = await repeat(MACHINES, (machine) => agentToken(console, machine));
    const ingests = await repeat(MACHINES, (machine) => sendReport(console, secrets[machine] as string, fleetReport(fleet, machine, new Date())));
    console.resetDelay();
    const again = await repeat(MACHINES / 2, (machine) => sendReport(console, secrets[machine] as string, fleetReport(fleet, machine, new Date())));
    const delay = await console.readDelay();
    const fresh: number[] = [];
    for (let turn = 0; turn < turns * 2; turn += 1) {
      await sendReport(console, secrets[turn] as string, fleetReport(fleet, turn, new Date()));
      fresh.push((await timed(() => matrixOf(console, adding.value))).ms);
    }
    const kept = await repeat(20, () => timed(() => matrixOf(console, adding.value)));
    const payload = await bytesOnWire(console, `/api/trpc/machines.list?input=${encodeURIComponent(JSON.stringify({ storeId: adding.value }))}`);
    const unpacked = Buffer.byteLength(JSON.stringify(await matrixOf(console, adding.value)));
    const body = Buffer.byteLength(JSON.stringify(fleetReport(fleet, 0, new Date())));
    return {
      title: `Matrix: ${MACHINES} machines × ${SNAPSHOTS.toLocaleString('en')} snapshots (server and built-in PostgreSQL, over HTTP)`,
      rows: [
        { what: 'adding the store and its first reading', value: adding.ms / 1000, unit: 's', budget: null },
        {
          what: 'ingest of one full report, first of a machine',
          value: median(ingests),
          unit: 'ms',
          budget: 500,
          note: `of ${MACHINES}, the longest ${largest(ingests).toFixed(0)} ms; ${(body / 1e6).toFixed(1)} MB of JSON`,
        },
        { what: 'ingest of one full report, later ones', value: median(again), unit: 'ms', budget: 500, note: `the longest ${largest(again).toFixed(0)} ms` },
        { what: 'delay of the main thread meanwhile, p99', value: delay.p99, unit: 'ms', budget: null, note: `the longest ${delay.max.toFixed(0)} ms` },
        { what: 'matrix query after a report', value: median(fresh), unit: 'ms', budget: 100 },
        { what: 'matrix query, nothing changed', value: median(kept.map((run) => run.ms)), unit: 'ms', budget: 100 },
        {
          what: 'matrix payload as it travels',
          value: payload / 1024,
          unit: 'KB',
          budget: 64,
          note: `gzip; ${(unpacked / 1024).toFixed(0)} KB of JSON, more than half of it the times of the snapshots`,
        },
      ],
    };
  } finally {
    await console.stop();
  }
}

async function fleetOf(root: string): Promise<FleetStore> {
  const repository = await openRepository(fsStore(root));
  const { live, states } = repository.view;
  const order = new Map(states.flatMap((state, at) => state.snapshots.map((id) => [id, at] as const)));
  const snapshots = [...live].sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0)).map(({ id, packfiles }) => ({ id, packfiles }));
  return { repositoryId: repository.id, snapshots, states: states.map((state) => state.id) };
}

async function agentToken(console: RunningConsole, machine: number): Promise<string> {
  return (await console.mutate<{ readonly secret: string }>('tokens.create', { name: `machine ${machine}`, kind: 'agent' })).secret;
}

/** How long the server takes to answer, ms. */
async function sendReport(console: RunningConsole, secret: string, report: unknown): Promise<number> {
  const body = JSON.stringify(report);
  const { ms, value } = await timed(async () => {
    const response = await fetch(`${console.baseUrl}/api/agent/report`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
    });
    return { ok: response.ok, text: await response.text() };
  });
  if (!value.ok) throw new Error(`the report was refused: ${value.text.slice(0, 400)}`);
  return ms;
}

function matrixOf(console: RunningConsole, storeId: string): Promise<unknown> {
  return console.query('machines.list', { storeId });
}

/** Length of an answer's body as a browser would get it. */
function bytesOnWire(console: RunningConsole, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request(`${console.baseUrl}${path}`, { headers: { cookie: console.cookie, 'accept-encoding': 'gzip' } }, (answer) => {
      let bytes = 0;
      answer.on('data', (piece: Buffer) => {
        bytes += piece.length;
      });
      answer.once('end', () => resolve(bytes)).once('error', reject);
    });
    asking.once('error', reject).end();
  });
}
