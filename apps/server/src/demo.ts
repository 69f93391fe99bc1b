import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildReport, type MachineReport, readMachineCaches } from '@wardrobe/machine-cache';
import { StartError } from '@wardrobe/db';
import { unpackOnce } from './unpack.js';

/** What the demonstration needs of the console; each is safe to repeat. */
export type DemoActions = {
  /** Adds the store below this name unless one lies there already, and answers when it has been read. */
  readonly addStore: (store: { readonly name: string; readonly location: string }) => Promise<void>;
  readonly importReport: (report: MachineReport) => Promise<void>;
};

const MACHINES = ['alpha', 'bravo', 'charlie'] as const;

/** The folder below which the demonstration's store lies; the console must be allowed to read it. */
export function demoFolder(dataFolder: string): string {
  return join(dataFolder, 'demo');
}

/**
 * A store that plakar 1.0.6 wrote and the caches of its three machines, one of which lists a snapshot whose state was lost. Unpacked once;
 * the reports are made again at each start, so that the machines count as fresh.
 * @throws StartError the fixtures are missing
 */
export async function addDemo(options: {
  readonly fixtures: string;
  readonly dataFolder: string;
  readonly actions: DemoActions;
  readonly now: Date;
  readonly say: (line: string) => void;
}): Promise<void> {
  const source = join(options.fixtures, 'v10-plain-desync');
  if (!existsSync(source)) throw new StartError(`The demonstration needs ${source}, which is not part of this installation.`);
  const folder = demoFolder(options.dataFolder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await unpackOnce(join(source, 'store.tar.gz'), join(folder, 'store'));
  await unpackOnce(join(source, 'machines.tar.gz'), join(folder, 'machines'));
  await options.actions.addStore({ name: 'Demonstration', location: join(folder, 'store', 'store') });
  for (const name of MACHINES) await options.actions.importReport(await demoReport(join(folder, 'machines', 'machines', name), name, options.now));
  options.say('Demonstration: the store "Demonstration" and its machines alpha, bravo and charlie are there.');
}

async function demoReport(home: string, name: string, now: Date): Promise<MachineReport> {
  const { sightings, failures } = await readMachineCaches({ directories: [home], nowMs: now.getTime(), copy: 'own', waitMs: 0 });
  const machine = { id: demoMachineId(name), name, hostName: name, os: 'linux' };
  return buildReport({
    machine,
    agent: { version: 'demonstration' },
    createdAt: now.toISOString(),
    sightings: sightings.map((sighting) => ({ ...sighting, user: 'root' })),
    failures,
  });
}

/** The same id at each start: a version 8 UUID over the name. */
export function demoMachineId(name: string): string {
  const hex = createHash('sha256').update(`wardrobe demonstration ${name}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
