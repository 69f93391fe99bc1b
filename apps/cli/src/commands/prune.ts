import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decideSnapshots, NotFoundError, overlaySelection, parsePolicy, reasonText, type Selection } from '@wardrobe/kloset';
import { counted } from '@wardrobe/words';
import { CliError, EXIT, type ExitCode } from '../exit-codes.js';
import { asCliError, usage } from '../failures.js';
import { snapshotJson } from '../json.js';
import { removeListed } from '../remove-listed.js';
import { isSelective, loadSnapshots, parseSelection, type SelectionOptions } from '../selection.js';
import { openStore, type Session } from '../session.js';
import { snapshotLine } from '../snapshot-line.js';

export type PruneOptions = SelectionOptions & { readonly apply?: boolean; readonly json?: boolean; readonly policy?: string; readonly policies?: string };

/** `prune`: of the snapshots that meet the conditions, removes those that no period keeps; without `--apply` only tells which. */
export async function prune(session: Session, options: PruneOptions): Promise<ExitCode> {
  const nowMs = Date.now();
  const selection = await wanted(session, options, nowMs);
  if (!isSelective(selection))
    throw usage(
      'Say what is to be kept: without a period or a condition prune does nothing.',
      'Give periods such as --days 7 --weeks 4, or --policy NAME. See: prune --help',
    );
  const repository = await openStore(session);
  const loaded = await loadSnapshots(session, repository, {});
  if (options.apply === true && repository.view.unreadable.length > 0)
    throw new CliError(
      EXIT.damaged,
      `What may go cannot be told while ${counted(repository.view.unreadable.length, 'state')} of the store cannot be read: a snapshot counted as kept may be deleted there.`,
      'Mend the store first with: repair. Single snapshots can be removed by id with: rm',
    );
  const decisions = decideSnapshots(
    loaded.listed.map(({ header }) => header),
    selection,
    BigInt(nowMs) * 1_000_000n,
  );
  for (const { header, keep, reason } of decisions) {
    const action = keep ? 'keep' : 'delete';
    if (options.json) await session.terminal.json({ action, reason: reason.note, ...(reason.rule ?? {}), ...snapshotJson(header, 'live') });
    else await session.terminal.line(`${action.padEnd(6)}  ${snapshotLine(header)}  ${reasonText(reason)}`);
  }
  const ids = decisions.filter(({ keep }) => !keep).map(({ header }) => header.id);
  if (!options.json && ids.length === 0) session.terminal.warn(`nothing to remove: ${counted(decisions.length, 'snapshot')} considered, all kept`);
  await removeListed(session, repository, { ids, apply: options.apply === true, json: options.json === true });
  return loaded.incomplete ? EXIT.damaged : EXIT.fine;
}

async function wanted(session: Session, options: PruneOptions, nowMs: number): Promise<Selection> {
  const given = parseSelection(options, nowMs);
  if (options.policy === undefined) {
    if (options.policies !== undefined) throw usage('A policies file was given and no policy of it.', 'Name one with --policy NAME.');
    return given;
  }
  const file = options.policies ?? join(session.env.configDirectory, 'policies.yml');
  return overlaySelection(await readPolicy(file, options.policy, nowMs), given);
}

async function readPolicy(file: string, name: string, nowMs: number): Promise<Selection> {
  try {
    return parsePolicy(await readFile(file, 'utf8'), name, nowMs);
  } catch (error) {
    const known = asCliError(error);
    if (known === null) throw error;
    const detail = error instanceof NotFoundError ? `it has no ${error.id}` : error instanceof Error ? error.message : known.sentence;
    throw usage(
      `The policy '${name}' cannot be read from ${file}: ${detail}.`,
      "The form is that of plakar's policies.yml; give its place with --policies FILE.",
    );
  }
}
