import { getEventListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { StoreError } from '@wardrobe/store-connector';
import { contractId as idOf } from '@wardrobe/store-connector/contract';
import { httpFaultProxy, type S3Server, type SeenRequest, startS3Server } from '@wardrobe/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  BUCKET,
  type Cell,
  carryOut,
  contradiction,
  type Fault,
  NEW_PACKFILE,
  OPERATIONS,
  type OperationName,
  openCell,
  type Outcome,
  PASSING,
  STATE,
  STAYING,
} from './fault-cells.js';
import { keysOf, openAt, RawBucket } from './s3-places.js';

const SLOW_DOWN = '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>slow down</Message></Error>';
const BODIES: readonly OperationName[] = ['config', 'read', 'range'];
const ANSWERED_LATE = ['answer-after', 'reset-after', 'short-body', 'stalled-body'] as const;

/** Nothing an operation takes for good: bounded by patience, one more stall, and a loaded machine. */
const BOUND_MS = 20_000;
const CANCEL_BOUND_MS = 2_000;

function reordered(body: Buffer): string {
  const text = body.toString();
  const found = text.match(/<Contents>.*?<\/Contents>/gs) ?? [];
  return text.replace(/<Contents>.*<\/Contents>/s, [...found].reverse().join(''));
}

const PASSING_FAULTS: readonly Fault[] = [
  ...([429, 503] as const).map((status): Fault => {
    const http = { kind: 'answer', status, headers: { 'retry-after': '0' }, body: SLOW_DOWN } as const;
    return { name: `HTTP ${status}, Retry-After, twice`, http, times: 2, allowed: ['right'] };
  }),
  { name: 'HTTP 500', http: { kind: 'answer', status: 500 }, times: 1, allowed: ['right'] },
  { name: 'HTML instead of an answer', http: { kind: 'answer', status: 502, body: '<html>bad gateway' }, times: 1, allowed: ['right'] },
  { name: '500 after it was carried out', http: { kind: 'answer-after', status: 500 }, times: 1, allowed: ['right'] },
  { name: 'reset', http: { kind: 'reset' }, times: 1, allowed: ['right'] },
  { name: 'reset after it was carried out', http: { kind: 'reset-after' }, times: 1, allowed: ['right'] },
  { name: 'line reset twice', line: { kind: 'reset', times: 2 }, times: null, allowed: ['right'] },
  { name: 'line reset in the answer', line: { kind: 'reset', afterBytes: 200, times: 1 }, times: null, allowed: ['right'] },
  { name: 'stalled', http: { kind: 'stalled' }, times: 1, allowed: ['right'] },
  { name: 'stalled body', http: { kind: 'stalled-body' }, times: 1, allowed: ['right'] },
  { name: 'short body', http: { kind: 'short-body' }, times: 1, allowed: ['right'] },
  { name: 'cut body', http: { kind: 'cut-body' }, times: 1, only: ['config', 'list', 'read', 'range'], allowed: ['right', 'data'] },
  { name: 'corrupted body', http: { kind: 'corrupt-body' }, times: 1, only: BODIES, allowed: ['data'] },
  { name: 'wrong range', http: { kind: 'wrong-range' }, times: 1, only: ['range'], allowed: ['right'] },
  { name: 'range as whole', http: { kind: 'range-as-whole' }, times: 1, only: ['range'], allowed: ['right'] },
  { name: 'stale listing', http: { kind: 'stale' }, times: 1, only: ['list'], allowed: ['stale'] },
  { name: 'reordered listing', http: { kind: 'rewrite', rewrite: reordered }, times: 1, only: ['list'], allowed: ['right'] },
  { name: 'delivered twice', http: { kind: 'twice' }, times: 1, allowed: ['right'] },
  { name: 'all delivered twice', http: { kind: 'twice' }, times: null, allowed: ['right'] },
];

const STAYING_FAULTS: readonly Fault[] = [
  { name: 'HTTP 503 for good', http: { kind: 'answer', status: 503, headers: { 'retry-after': '1' }, body: SLOW_DOWN }, times: null, allowed: ['line'] },
  { name: '500 after all was carried out', http: { kind: 'answer-after', status: 500 }, times: null, allowed: ['line', 'right'] },
  { name: 'refused', line: { kind: 'refused' }, times: null, allowed: ['line'] },
  { name: 'reset for good', line: { kind: 'reset' }, times: null, allowed: ['line'] },
  { name: 'stalled for good', line: { kind: 'stalled' }, times: null, allowed: ['line'] },
  { name: 'slow (1 B/s)', line: { kind: 'slow' }, times: null, allowed: ['line'] },
  { name: 'short body for good', http: { kind: 'short-body' }, times: null, allowed: ['line', 'right'] },
  { name: 'wrong range for good', http: { kind: 'wrong-range' }, times: null, only: ['range'], allowed: ['line'] },
];

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server({ buckets: [BUCKET] });
});
afterAll(() => server.close());

type Row = { readonly fault: Fault; readonly outcomes: Map<OperationName, Outcome | string> };

async function tryCell(fault: Fault, name: OperationName): Promise<Outcome | string> {
  const cell = await openCell(server, STAYING_FAULTS.includes(fault) ? STAYING : PASSING);
  try {
    await cell.spoil(fault);
    const outcome = await within(BOUND_MS, outcomeOf(cell, name));
    await cell.heal();
    const wrong = await contradiction(cell, name, outcome === 'right');
    if (wrong !== null) return wrong;
    return fault.allowed.includes(outcome as Outcome) ? outcome : `${outcome} is not among ${fault.allowed.join()}`;
  } finally {
    await cell.close();
  }
}

async function outcomeOf(cell: Cell, name: OperationName): Promise<Outcome | string> {
  try {
    return await carryOut(cell, name);
  } catch (error) {
    if (error instanceof StoreError && error.fault !== undefined) return 'line';
    return `an error that says neither line nor data: ${String(error)}`;
  }
}

async function within<T>(boundMs: number, work: Promise<T>): Promise<T | 'no end'> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<'no end'>((resolve) => {
    timer = setTimeout(resolve, boundMs, 'no end');
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}

async function inParallel<T>(jobs: readonly (() => Promise<T>)[], width: number): Promise<void> {
  const queue = [...jobs];
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) await job();
    }),
  );
}

it('faults by operations: the right answer, or an error that says line or data, in bounded time, and nothing is lost', async () => {
  const rows: Row[] = [...PASSING_FAULTS, ...STAYING_FAULTS].map((fault) => ({ fault, outcomes: new Map() }));
  const jobs = rows.flatMap(({ fault, outcomes }) =>
    (fault.only ?? OPERATIONS).map((name) => async () => {
      outcomes.set(name, await tryCell(fault, name));
    }),
  );
  await inParallel(jobs, 10);
  process.stdout.write(tableOf(rows));
  const known = new Set<string>(['right', 'line', 'data', 'stale']);
  const wrong = rows.flatMap(({ fault, outcomes }) =>
    [...outcomes].filter(([, outcome]) => !known.has(outcome)).map(([name, outcome]) => `${fault.name}, ${name}: ${outcome}`),
  );
  expect(wrong).toEqual([]);
});

function tableOf(rows: readonly Row[]): string {
  const counts = new Map<string, number>();
  const lines = rows.map(({ fault, outcomes }) => {
    for (const outcome of outcomes.values()) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    return fault.name.padEnd(32) + OPERATIONS.map((name) => (outcomes.get(name) ?? '-').slice(0, 6).padEnd(8)).join('');
  });
  const head = 'fault'.padEnd(32) + OPERATIONS.map((name) => name.padEnd(8)).join('');
  return `${[head, ...lines, [...counts].map(([outcome, count]) => `${outcome} ${count}`).join(', ')].join('\n')}\n`;
}

it('what a second look gives after a corrupted download is right', async () => {
  const cell = await openCell(server, PASSING);
  for (const name of BODIES) {
    await cell.spoil({ name: '', http: { kind: 'corrupt-body' }, times: 1, allowed: [] });
    expect([await carryOut(cell, name), await carryOut(cell, name)]).toEqual(['data', 'right']);
  }
  await cell.close();
});

it.each(OPERATIONS)('%s is cancelled at once, whatever the line does', async (name) => {
  const hanging: readonly Fault[] = [
    { name: 'stalled', line: { kind: 'stalled' }, times: null, allowed: [] },
    { name: 'waiting to try again', http: { kind: 'answer', status: 503, headers: { 'retry-after': '5' }, body: SLOW_DOWN }, times: null, allowed: [] },
    { name: 'no answer', http: { kind: 'stalled' }, times: null, allowed: [] },
  ];
  for (const fault of hanging) {
    const cell = await openCell(server, { ...PASSING, stallMs: 30_000, patienceMs: 60_000, firstPatienceMs: 60_000 });
    await cell.spoil(fault);
    const controller = new AbortController();
    const reason = new Error('stopped');
    const running = carryOut(cell, name, controller.signal);
    setTimeout(() => controller.abort(reason), 40);
    const outcome = await within(
      CANCEL_BOUND_MS,
      running.then(
        () => 'done',
        (error: unknown) => error,
      ),
    );
    expect(outcome, fault.name).toBe(reason);
    await cell.heal();
    expect(await contradiction(cell, name, false)).toBeNull();
    await cell.close();
  }
});

it('one signal serves many requests at once, and none stays tied to it', async () => {
  const store = openAt(`s3://${server.host}:${server.port}/${BUCKET}/many`, { options: keysOf(server) });
  await store.write('state', idOf('d'), STATE);
  const warnings: string[] = [];
  const note = (warning: Error) => warnings.push(warning.name);
  process.on('warning', note);
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 30 }, () => store.readRange('state', idOf('d'), 5, 50, { signal })));
  await wait(20);
  process.off('warning', note);
  expect(warnings).not.toContain('MaxListenersExceededWarning');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  await store.close();
});

it('a caller that takes its time is not a line that stands still', async () => {
  const raw = new RawBucket(server, BUCKET);
  const bytes = new Uint8Array(6_000_000).fill(7);
  await raw.put(`patient/packfiles/aa/${idOf('a')}`, bytes);
  const store = openAt(`s3://${server.host}:${server.port}/${BUCKET}/patient`, { options: keysOf(server), tuning: { ...PASSING, stallMs: 150 } });
  let [taken, pauses] = [0, 0];
  for await (const piece of store.read('packfile', idOf('a'))) {
    taken += piece.length;
    if (pauses++ < 4) await wait(400);
  }
  expect(taken).toBe(bytes.length);
  expect(store.line?.().retries).toBe(0);
  await store.close();
});

it('Retry-After is waited for', async () => {
  const cell = await openCell(server, PASSING);
  await cell.spoil({ name: '', http: { kind: 'answer', status: 503, headers: { 'retry-after': '1' }, body: SLOW_DOWN }, times: 1, allowed: [] });
  const started = performance.now();
  expect(await carryOut(cell, 'size')).toBe('right');
  expect(performance.now() - started).toBeGreaterThan(990);
  expect(cell.store.line?.()).toMatchObject({ retries: 1 });
  await cell.close();
});

it('packfile before state: whichever request fails for good, no state is there without its packfile', async () => {
  const raw = new RawBucket(server, BUCKET);
  const ends = { written: 0, neither: 0, packfileOnly: 0 };
  const jobs = (['reset', ...ANSWERED_LATE] as const).flatMap((kind) =>
    [0, 1, 2, 3, 4, 5, 6].map((first) => async () => {
      const proxy = await httpFaultProxy(server, { wholeRequests: true });
      const prefix = `stages-${kind}-${first}`;
      const store = openAt(`s3://127.0.0.1:${proxy.port}/${BUCKET}/${prefix}`, { options: keysOf(server), tuning: { ...STAYING, parallelParts: 1 } });
      let arrived = 0;
      const fault = kind === 'answer-after' ? ({ kind, status: 500 } as const) : { kind };
      proxy.fault({ fault, match: () => arrived++ >= first, times: Number.POSITIVE_INFINITY });
      let promised = true;
      try {
        await store.write('packfile', idOf('e'), NEW_PACKFILE);
        await store.write('state', idOf('d'), STATE);
      } catch (error) {
        expect(error).toMatchObject({ code: 'store' });
        promised = false;
      }
      const packfile = await raw.get(`${prefix}/packfiles/ee/${idOf('e')}`);
      const state = await raw.get(`${prefix}/states/dd/${idOf('d')}`);
      if (packfile !== null) expect(packfile.equals(NEW_PACKFILE)).toBe(true);
      if (state !== null) expect(packfile).not.toBeNull();
      if (promised) expect(state).not.toBeNull();
      ends[state !== null ? 'written' : packfile === null ? 'neither' : 'packfileOnly'] += 1;
      await store.close();
      await proxy.close();
    }),
  );
  await inParallel(jobs, 10);
  expect(ends.neither).toBeGreaterThan(0);
  expect(ends.packfileOnly).toBeGreaterThan(0);
  expect(ends.written).toBeGreaterThan(0);
});

it('an upload whose answers are all lost is found to have arrived, by looking; one that did not arrive is not', async () => {
  const proxy = await httpFaultProxy(server, { wholeRequests: true });
  const raw = new RawBucket(server, BUCKET);
  const store = openAt(`s3://127.0.0.1:${proxy.port}/${BUCKET}/lost`, { options: keysOf(server), tuning: STAYING });
  const uploads = ({ method, url }: SeenRequest) => (method === 'PUT' && !url.includes('partNumber')) || (method === 'POST' && url.includes('uploadId'));
  proxy.fault({ fault: { kind: 'answer-after', status: 500 }, match: uploads, times: Number.POSITIVE_INFINITY });
  await store.create(STATE);
  await store.write('state', idOf('d'), STATE);
  await store.write('packfile', idOf('e'), NEW_PACKFILE);
  expect((await raw.get(`lost/packfiles/ee/${idOf('e')}`))?.equals(NEW_PACKFILE)).toBe(true);
  proxy.clear();
  await store.write('lock', idOf('f'), Uint8Array.of(1, 2, 3));
  proxy.fault({ fault: { kind: 'answer', status: 500 }, match: uploads, times: Number.POSITIVE_INFINITY });
  // Of the same size as what is there: only the bytes tell them apart.
  await expect(store.write('lock', idOf('f'), Uint8Array.of(4, 5, 6))).rejects.toMatchObject({ code: 'store', fault: 'server' });
  await store.close();
  await proxy.close();
});

it('a server that is away for a while, in the middle of uploads and reads, is waited for', async () => {
  for (const name of ['adopt', 'read', 'list', 'write'] as const) {
    const cell = await openCell(server, PASSING);
    await cell.spoil({ name: '', line: { kind: 'refused' }, times: null, allowed: [] });
    const running = carryOut(cell, name);
    setTimeout(() => void cell.heal(), 250);
    expect(await running).toBe('right');
    await cell.close();
  }
});

it('an upload in parts that fails leaves no unfinished upload behind', async () => {
  const cell = await openCell(server, STAYING);
  const proxy = await httpFaultProxy(server, { wholeRequests: true });
  const store = openAt(`s3://127.0.0.1:${proxy.port}/${BUCKET}/${cell.prefix}`, { options: keysOf(server), tuning: STAYING });
  proxy.fault({ fault: { kind: 'answer', status: 403 }, match: ({ url }) => url.includes('partNumber=2'), times: Number.POSITIVE_INFINITY });
  await expect(store.adopt('packfile', idOf('e'), cell.localFile)).rejects.toMatchObject({ code: 'permission' });
  expect(proxy.seen.at(-1)).toMatchObject({ method: 'DELETE', url: expect.stringContaining('uploadId=') });
  expect(await contradiction(cell, 'adopt', false)).toBeNull();
  await store.close();
  await proxy.close();
  await cell.close();
});

it('an upload in parts that is cancelled is removed as well, without keeping the caller', async () => {
  const cell = await openCell(server, PASSING);
  const proxy = await httpFaultProxy(server, { wholeRequests: true });
  const store = openAt(`s3://127.0.0.1:${proxy.port}/${BUCKET}/${cell.prefix}`, { options: keysOf(server), tuning: PASSING });
  proxy.fault({ fault: { kind: 'stalled' }, match: ({ url }) => url.includes('partNumber=2'), times: Number.POSITIVE_INFINITY });
  const controller = new AbortController();
  const reason = new Error('stopped');
  const running = store.adopt('packfile', idOf('e'), cell.localFile, { signal: controller.signal });
  while (!proxy.seen.some(({ url }) => url.includes('partNumber=2'))) await wait(5);
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);
  await store.close();
  expect(proxy.seen.at(-1)).toMatchObject({ method: 'DELETE', url: expect.stringContaining('uploadId=') });
  expect(await contradiction(cell, 'adopt', false)).toBeNull();
  await proxy.close();
  await cell.close();
});
