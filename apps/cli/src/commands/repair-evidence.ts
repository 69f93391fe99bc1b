import { hostname } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import {
  diskSource,
  indexEvidence,
  type LostStateEvidence,
  openRepository,
  type RecoverySource,
  reportEvidence,
  type Repository,
  storeSource,
} from '@wardrobe/kloset';
import { PassphraseNeededError } from '@wardrobe/kloset';
import { configuredPassphrase } from '@wardrobe/connections';
import { readLostStates } from '@wardrobe/machine-cache';
import { sayMistake } from '../failures.js';
import { givenPassphrase, openResolved, readKeyfile, resolveSecond, resolveStore, type Session } from '../session.js';
import { askHidden } from '../terminal.js';
import { readReport } from './divergence.js';
import type { RepairOptions } from './repair.js';

/** What machines remember of lost states: this one's caches and state index, those given, and reports. */
export async function hearMachines(session: Session, repository: Repository, options: RepairOptions): Promise<readonly LostStateEvidence[]> {
  const { env, signal, terminal } = session;
  const here = hostname();
  terminal.progress.show('reading caches', 0, null);
  const own = await readLostStates(repository, { directories: [env.cacheBase], machineOf: () => here, signal });
  const given = await readLostStates(repository, { directories: options.fromCache, machineOf: machineOf(here, env.cacheBase), signal });
  // That this machine has no cache of plakar is no news.
  for (const { cache, message, code } of [...own.failures.filter((failure) => failure.code !== 'empty'), ...given.failures])
    terminal.warn(`cache ${cache} ${code === 'empty' ? 'tells nothing' : 'cannot be read'}: ${message}`);
  const onNote = (note: string): void => terminal.warn(note);
  const indexes = [env.indexDirectory, ...options.fromCache].map((directory) => indexEvidence(repository, { directory, machine: here, onNote }));
  const reports = options.report
    .map(readReport)
    .flatMap((report) =>
      report.sightings.filter(({ repositoryId }) => repositoryId === repository.id).map((sighting) => reportEvidence(report.machine.name, sighting)),
    );
  return [...own.evidence, ...given.evidence, ...(await Promise.all(indexes)).flat(), ...reports];
}

/** A folder that was brought here is named by its last part: the home folder of a machine, or a copy of it. */
function machineOf(here: string, ownBase: string): (directory: string) => string {
  return (directory) => {
    const given = resolve(directory);
    if (given === resolve(ownBase)) return here;
    const name = basename(given);
    return name === '.cache' || name === 'plakar' || name === 'plakar-agentless' || name.endsWith('.state') ? basename(dirname(given)) : name;
  };
}

/** Where lost content is looked for: synchronised stores, and the files themselves. */
export async function recoverySources(session: Session, repository: Repository, options: RepairOptions): Promise<readonly RecoverySource[]> {
  const sources: RecoverySource[] = [];
  for (const location of options.fromStore) sources.push(storeSource(await openOther(session, location, options), repository));
  for (const folder of options.fromDisk) sources.push(diskSource(resolve(folder), repository));
  return sources;
}

/** The other store may have another passphrase: from its own key file or its configuration, else as the first one, else asked for. */
async function openOther(session: Session, text: string, options: RepairOptions): Promise<Repository> {
  const resolved = await resolveSecond(session, text, options.fromOption);
  const store = await openResolved(session, resolved);
  const own = options.fromKeyfile === undefined ? await sayMistake(() => configuredPassphrase(resolved, session.signal)) : readKeyfile(options.fromKeyfile);
  const passphrase = own ?? (await givenPassphrase(session, await resolveStore(session)));
  const open = async (given: string | undefined): Promise<Repository> => {
    const other = await openRepository(store, { passphrase: given, signal: session.signal });
    session.onClose.push(() => other.close());
    return other;
  };
  try {
    return await open(passphrase);
  } catch (error) {
    if (!(error instanceof PassphraseNeededError) || !process.stdin.isTTY) throw error;
    return open(await askHidden(`Passphrase of ${resolved.shown}: `));
  }
}
