import { readFileSync, statSync } from 'node:fs';
import { type MachineReport, machineReport, REPORT_LIMITS } from '@wardrobe/contracts';
import { remoteFacts } from '@wardrobe/kloset';
import { computeMachine, knownBringers, machineFromReport, type MachineResult, type MachineView, type RemoteView } from '@wardrobe/tracking';
import { cellSentence, CELLS, counted, NEXT_STEP_OF_CELL, NEXT_STEP_SENTENCE } from '@wardrobe/words';
import { parseDuration, parseTime } from '../duration.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { openStore, type Session } from '../session.js';

export type DivergenceOptions = {
  readonly report: readonly string[];
  readonly now?: string;
  readonly limit: string;
  readonly failOn?: string;
  readonly json?: boolean;
};

/** Exit code of `--fail-on diverged` when it strikes: the data of a machine and of the store disagree. */
const DIVERGED = EXIT.damaged;

/** `divergence`: the truth table, computed from the store and report files without any server. */
export async function divergence(session: Session, options: DivergenceOptions): Promise<ExitCode> {
  if (options.failOn !== undefined && options.failOn !== 'diverged') throw usage(`--fail-on knows 'diverged', not '${options.failOn}'.`);
  const limitMs = parseDuration(options.limit);
  const reports = newestOfEach(options.report.map(readReport));
  const nowMs = options.now === undefined ? Date.now() : parseTime(options.now);
  const repository = await openStore(session);
  const remote: RemoteView = await remoteFacts(repository, { nowMs, signal: session.signal });
  const machines = reports.map((report) => machineFromReport(report, repository.id, Date.parse(report.createdAt)));
  const known = knownBringers(machines.flatMap((machine) => machine.sightings));
  const results = machines.map((machine) => ({ machine, result: computeMachine(remote, machine, { nowMs, limitMs, known }) }));
  for (const { machine, result } of results) await print(session, { machine, result, nowMs, json: options.json === true });
  await printStore(session, remote, options.json === true);
  for (const report of reports)
    for (const failure of report.failures) session.terminal.warn(`${report.machine.name}: cache ${failure.cache} could not be read: ${failure.message}`);
  if (remote.unreadable.size > 0) return EXIT.damaged;
  return options.failOn === 'diverged' && results.some(({ result }) => result.verdict === 'diverged') ? DIVERGED : EXIT.fine;
}

/** @throws CliError with the file and the place of the first mistake: a report is untrusted input */
export function readReport(file: string): MachineReport {
  let text: string;
  try {
    if (statSync(file).size > REPORT_LIMITS.bytes) throw usage(`${file} is larger than a report may be (${REPORT_LIMITS.bytes / 1024 / 1024} MiB).`);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw error instanceof Error && 'code' in error ? usage(`The report ${file} cannot be read: ${error.message}.`) : error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw usage(
      `The report ${file} is not JSON: ${error instanceof Error ? error.message : String(error)}.`,
      'Make it again with: wardrobe agent once --output report.json',
    );
  }
  const parsed = machineReport.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw usage(
    `${file} is not a report of this version: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
    'Make it again with: wardrobe agent once --output report.json',
  );
}

/** Of several reports of one machine the newest counts. */
function newestOfEach(reports: readonly MachineReport[]): MachineReport[] {
  const newest = new Map<string, MachineReport>();
  for (const report of reports) {
    const before = newest.get(report.machine.id);
    if (!before || Date.parse(before.createdAt) < Date.parse(report.createdAt)) newest.set(report.machine.id, report);
  }
  return [...newest.values()];
}

type Printed = { readonly machine: MachineView; readonly result: MachineResult; readonly nowMs: number; readonly json: boolean };

async function print(session: Session, { machine, result, nowMs, json }: Printed): Promise<void> {
  const { counts } = result;
  if (json) {
    await session.terminal.json({
      machine: machine.name,
      verdict: result.verdict,
      behind: counts.behind,
      phantom: counts.phantom,
      lost: counts.lost,
      staleDelete: counts['stale-delete'],
      lostDelete: counts['lost-delete'],
      mismatch: counts.mismatch,
      unreadable: counts.unreadable,
      unknown: counts.unknown,
    });
    for (const { snapshot, cell, cause } of allCells(result, machine))
      await session.terminal.json({
        machine: machine.name,
        snapshot,
        cell,
        cause: cause === null ? null : cellSentence(cell, cause, { machine: machine.name, snapshot, nowMs }),
      });
    return;
  }
  const parts = CELLS.filter((cell) => cell !== 'none' && cell !== 'seen' && counts[cell] > 0).map((cell) => `${counts[cell]} ${cell}`);
  await session.terminal.line(`${machine.name}: ${result.verdict}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`);
  for (const { snapshot, cell, cause, cache } of result.exceptions) {
    const several = machine.sightings.length > 1;
    await session.terminal.line(
      `  ${snapshot.slice(0, 8)} ${cell.padEnd(12)} ${cellSentence(cell, cause, { machine: machine.name, snapshot, cache: several ? cache : null, nowMs })} ${NEXT_STEP_SENTENCE[NEXT_STEP_OF_CELL[cell]]}`,
    );
  }
}

/** Every cell that is not `none`: the exceptions, and `seen` for what the machine lists. */
function* allCells(
  result: MachineResult,
  machine: MachineView,
): Iterable<{ snapshot: string; cell: MachineResult['worst']; cause: MachineResult['exceptions'][number]['cause'] | null }> {
  const exceptions = new Set(result.exceptions.map(({ snapshot }) => snapshot));
  const shown = new Set(machine.sightings.flatMap((sighting) => [...sighting.shown.keys()]));
  for (const snapshot of [...shown].sort()) if (!exceptions.has(snapshot)) yield { snapshot, cell: 'seen', cause: { kind: 'listed' } };
  yield* result.exceptions;
}

/** What concerns the store and no machine: on standard error, so that the lines of `--json` stay of two kinds. */
async function printStore(session: Session, remote: RemoteView, json: boolean): Promise<void> {
  for (const snapshot of remote.hidden) session.terminal.warn(`snapshot ${snapshot.id.slice(0, 8)} is hidden: its data is in the store and no state names it`);
  for (const finding of remote.findings) session.terminal.warn(`${finding.kind} ${finding.id}: ${finding.detail}`);
  if (remote.unreadable.size > 0) {
    if (json) await session.terminal.json({ incomplete: true, unreadableStates: [...remote.unreadable] });
    else session.terminal.warn(`${counted(remote.unreadable.size, 'state file')} cannot be read: the answer may be incomplete`);
  }
}
