import { gzipSync } from 'node:zlib';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type APIRequestContext, expect } from '@playwright/test';
import { buildReport, readMachineCaches } from '@wardrobe/machine-cache';

/** Calls of the API as the person who is signed in, for what a journey needs and is not about. */
export async function call<T>(request: APIRequestContext, base: string, procedure: string, input: unknown): Promise<T> {
  const response = await request.post(`${base}/api/trpc/${procedure}`, { data: input, headers: { origin: base } });
  const body = (await response.json()) as { result?: { data: T }; error?: { data: { problem: { sentence: string } } } };
  expect(body.error?.data.problem.sentence, procedure).toBeUndefined();
  return body.result?.data as T;
}

export type Machine = { readonly name: string; readonly id: string; readonly secret: string };

export async function addMachine(request: APIRequestContext, base: string, name: string): Promise<Machine> {
  const { secret } = await call<{ secret: string }>(request, base, 'tokens.create', { name, kind: 'agent' });
  return { name, id: randomUUID(), secret };
}

/** A machine reports what lies in the home folder of `as`, by default its own. `deleted`: a snapshot, by its first digits, that it deleted by itself. */
export async function report(
  request: APIRequestContext,
  base: string,
  options: { machine: Machine; machines: string; as?: string; deleted?: string },
): Promise<void> {
  const { machine, machines, as = machine.name } = options;
  const nowMs = Date.now();
  const { sightings, failures } = await readMachineCaches({ directories: [join(machines, as)], nowMs, copy: 'foreign' });
  const own = sightings.map((sighting) => ({ ...sighting, cache: sighting.cache.replaceAll(as, machine.name) }));
  const body = buildReport({
    machine: { id: machine.id, name: machine.name, hostName: machine.name, os: 'linux' },
    agent: { version: '0.1.0' },
    createdAt: new Date(nowMs).toISOString(),
    sightings: own,
    failures,
  });
  const response = await request.post(`${base}/api/agent/report`, {
    data: gzipSync(JSON.stringify(options.deleted === undefined ? body : withDeleted(body, options.deleted))),
    headers: { authorization: `Bearer ${machine.secret}`, 'content-type': 'application/json', 'content-encoding': 'gzip' },
  });
  expect(response.status(), await response.text()).toBe(200);
}

function withDeleted(report: ReturnType<typeof buildReport>, prefix: string): ReturnType<typeof buildReport> {
  const sightings = report.sightings.map((sighting) => {
    const gone = sighting.shown.flatMap(({ snapshot }) => (snapshot.startsWith(prefix) ? [snapshot] : []));
    return {
      ...sighting,
      shown: sighting.shown.filter(({ snapshot }) => !gone.includes(snapshot)),
      deleted: [...sighting.deleted, ...gone].sort(),
    };
  });
  return { ...report, sightings };
}
