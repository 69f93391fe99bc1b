import { basename, resolve } from 'node:path';
import { connectorFor, optionsFor } from '@wardrobe/connections';
import { formatStoreLocation } from '@wardrobe/store-connector';
import { reportAnswer, store } from '@wardrobe/contracts';
import { counted } from '@wardrobe/words';
import { z } from 'zod';
import { readReport } from '../commands/divergence.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { sayMistake } from '../failures.js';
import { givenPassphrase, resolveStore, type Session } from '../session.js';
import { askHidden } from '../terminal.js';
import { callServer } from './client.js';

type JsonOption = { readonly json?: boolean };

export async function addStore(
  session: Session,
  text: string,
  options: JsonOption & { readonly name?: string; readonly askEachStart?: boolean },
): Promise<ExitCode> {
  const resolved = await resolveStore({ ...session, storeText: text });
  const { scheme, rest } = resolved.location;
  const local = scheme === 'fs' || scheme === 'ptar';
  const passphrase = (await givenPassphrase(session, resolved)) ?? (await askedPassphrase(resolved.shown));
  const given = optionsFor(await sayMistake(() => connectorFor(scheme, session.env.surroundings)), resolved, session.env.surroundings.host.environment);
  const body = {
    name: options.name ?? (basename(rest) || rest),
    location: formatStoreLocation({ scheme, rest: local ? resolve(rest) : rest }),
    ...(Object.keys(given).length === 0 ? {} : { options: given }),
    ...(passphrase === undefined ? {} : { passphrase }),
    keepKey: options.askEachStart !== true,
  };
  const added = store.parse(await callServer(session.env, '/store/add', body));
  if (options.json) await session.terminal.json(added);
  else await session.terminal.line(`${added.name}: added (${added.repositoryId}${added.encrypted ? ', encrypted' : ''})`);
  return EXIT.fine;
}

/** On a terminal only; an empty answer is a store that is not encrypted. */
async function askedPassphrase(path: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  return (await askHidden(`Passphrase of ${path} (empty when it is not encrypted): `)) || undefined;
}

export async function listStores(session: Session, options: JsonOption): Promise<ExitCode> {
  const stores = z.array(store).parse(await callServer(session.env, '/store/list', {}));
  for (const one of stores) {
    if (options.json) await session.terminal.json(one);
    else
      await session.terminal.line(
        `${one.name.padEnd(24)} ${one.status.padEnd(10)} ${counted(one.counts.snapshots, 'snapshot')}, ${counted(one.counts.machines, 'machine')} (${one.counts.diverged} diverged)  ${one.location}`,
      );
  }
  return EXIT.fine;
}

export async function removeStore(session: Session, name: string): Promise<ExitCode> {
  await callServer(session.env, '/store/remove', { store: name });
  await session.terminal.line(`${name}: forgotten; the store itself was not touched`);
  return EXIT.fine;
}

export async function importReports(session: Session, files: readonly string[]): Promise<ExitCode> {
  for (const file of files) {
    const report = readReport(file);
    const answer = reportAnswer.parse(await callServer(session.env, '/report/import', report));
    await session.terminal.line(`${file}: ${report.machine.name}, ${counted(report.sightings.length, 'cache')}`);
    for (const note of answer.notes) session.terminal.warn(note);
  }
  return EXIT.fine;
}

/** Reads a store now and waits until that has ended. */
export async function refreshStore(session: Session, name: string): Promise<ExitCode> {
  const read = store.parse(await callServer(session.env, '/store/refresh', { store: name }));
  await session.terminal.line(`${read.name}: ${read.status}, ${counted(read.counts.snapshots, 'snapshot')}${read.problem ? `. ${read.problem.sentence}` : ''}`);
  return read.problem ? EXIT.damaged : EXIT.fine;
}
