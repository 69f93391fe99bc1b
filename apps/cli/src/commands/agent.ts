import { hostname, release, type } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { type MachineReport, machineReport } from '@wardrobe/contracts';
import { buildReport, inspectCaches, readMachineCaches } from '@wardrobe/machine-cache';
import { counted } from '@wardrobe/words';
import { machineId } from '../agent/identity.js';
import { ownSightings } from '../agent/own-index.js';
import { sendReport, serverOf } from '../agent/send.js';
import { parseDuration } from '../duration.js';
import { CliError, EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import type { Session } from '../session.js';
import { VERSION } from '../version.js';
import { writeAside } from '../write-aside.js';

export type AgentOptions = {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly output?: string;
  readonly cache: readonly string[];
  readonly name?: string;
  readonly interval: string;
  readonly json?: boolean;
  readonly ownIndex?: boolean;
};

/** `agent once`: reads the machine's caches and sends one report, or writes it to a file. */
export async function agentOnce(session: Session, options: AgentOptions): Promise<ExitCode> {
  if (options.output === undefined && options.server === undefined) throw usage('Say where the report goes: --server URL --token-file FILE, or --output FILE.');
  const report = await makeReport(session, options);
  for (const failure of report.failures) session.terminal.warn(`cache ${failure.cache} could not be read: ${failure.message}`);
  if (options.output !== undefined) {
    writeAside(options.output, `${JSON.stringify(report)}\n`);
    await session.terminal.line(`${options.output}: ${describe(report)}`);
  }
  if (options.server !== undefined) await send(session, options, report);
  return report.failures.some((failure) => failure.code !== 'empty') ? EXIT.damaged : EXIT.fine;
}

/** `agent run`: the same again and again; a failed try is said and tried again at the next turn. */
export async function agentRun(session: Session, options: AgentOptions): Promise<ExitCode> {
  if (options.server === undefined) throw usage('agent run needs --server URL --token-file FILE.');
  const intervalMs = parseDuration(options.interval);
  if (intervalMs < 5000) throw usage('The interval must be 5 s or more.');
  while (!session.signal.aborted) {
    try {
      const report = await makeReport(session, options);
      for (const failure of report.failures) session.terminal.warn(`cache ${failure.cache} could not be read: ${failure.message}`);
      await send(session, options, report);
    } catch (error) {
      if (session.signal.aborted) break;
      if (!(error instanceof CliError) || error.exitCode === EXIT.denied) throw error;
      session.terminal.warn(`${error.sentence} Next try in ${options.interval}.`);
    }
    await wait(intervalMs, undefined, { signal: session.signal }).catch((error: unknown) => {
      if (!session.signal.aborted) throw error;
    });
  }
  return EXIT.fine;
}

/** `agent inspect`: what the caches hold, file by file. Reads only. */
export async function agentInspect(session: Session, options: AgentOptions): Promise<ExitCode> {
  const where = { directories: directoriesOf(session, options), nowMs: Date.now(), signal: session.signal };
  const { sightings, failures } = await readMachineCaches(where);
  if (options.json) {
    for (const sighting of sightings) await session.terminal.json(sighting);
    for (const failure of failures) await session.terminal.json({ failure });
    await session.terminal.json({ inspected: await inspectCaches(where) });
  } else {
    for (const sighting of sightings) {
      await session.terminal.line(
        `${sighting.repositoryId} ${sighting.cache} (${sighting.tool} ${sighting.line}, user ${sighting.user}): ${counted(sighting.counts.states, 'state')}, ${counted(sighting.counts.shown, 'snapshot')} shown, ${sighting.counts.deleted} deleted${sighting.inMotion.value ? ', in motion' : ''}`,
      );
      for (const aside of sighting.setAside) await session.terminal.line(`  set aside: ${aside.cache} (${aside.why})`);
      for (const lone of sighting.loneStates) await session.terminal.line(`  lone state ${lone.id} (${lone.checked})`);
    }
    for (const failure of failures) session.terminal.warn(`${failure.cache}: ${failure.message}`);
    if (sightings.length === 0 && failures.length === 0) session.terminal.warn(`no cache of plakar found below ${where.directories.join(', ')}`);
  }
  return failures.some((failure) => failure.code !== 'empty') ? EXIT.damaged : EXIT.fine;
}

async function makeReport(session: Session, options: AgentOptions): Promise<MachineReport> {
  const nowMs = Date.now();
  const { sightings, failures } = await readMachineCaches({ directories: directoriesOf(session, options), nowMs, signal: session.signal });
  const own = options.ownIndex ? ownSightings(session.env.indexDirectory) : { sightings: [], failures: [] };
  const report = buildReport({
    machine: { id: machineId(session.env.configDirectory), name: options.name ?? hostname(), hostName: hostname(), os: `${type()} ${release()}` },
    agent: { version: VERSION },
    createdAt: new Date(nowMs).toISOString(),
    sightings: [...sightings, ...own.sightings],
    failures: [...failures, ...own.failures],
  });
  return machineReport.parse(report);
}

function directoriesOf(session: Session, options: AgentOptions): readonly string[] {
  return options.cache.length > 0 ? options.cache : [session.env.cacheBase];
}

async function send(session: Session, options: AgentOptions, report: MachineReport): Promise<void> {
  if (options.server === undefined || options.tokenFile === undefined) throw usage('--server needs --token-file FILE.');
  const answer = await sendReport(serverOf(options.server, options.tokenFile), report, session.signal);
  await session.terminal.line(`${new Date().toISOString()} reported ${describe(report)}`);
  for (const note of answer.notes) session.terminal.warn(note);
}

function describe(report: MachineReport): string {
  const snapshots = report.sightings.reduce((sum, sighting) => sum + sighting.counts.shown, 0);
  return `${counted(report.sightings.length, 'cache')}, ${counted(snapshots, 'snapshot')} shown${report.failures.length > 0 ? `, ${counted(report.failures.length, 'cache')} not readable` : ''}`;
}
