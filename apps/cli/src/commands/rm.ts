import { decideSnapshots } from '@wardrobe/kloset';
import { counted } from '@wardrobe/words';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { snapshotJson } from '../json.js';
import { removeListed } from '../remove-listed.js';
import { matchPrefix } from '../select.js';
import { isSelective, type Listed, loadSnapshots, parseSelection, type SelectionOptions } from '../selection.js';
import { openStore, type Session } from '../session.js';
import { snapshotLine } from '../snapshot-line.js';

export type RmOptions = SelectionOptions & { readonly apply?: boolean; readonly json?: boolean };

/** `rm`: removes the snapshots named or described; without `--apply` only tells which. */
export async function rm(session: Session, ids: readonly string[], options: RmOptions): Promise<ExitCode> {
  const nowMs = Date.now();
  const selection = parseSelection(options, nowMs);
  if (ids.length === 0 && !isSelective(selection))
    throw usage('Say which snapshots are to be removed.', 'Give ids, or conditions such as --before 1y. See: rm --help');
  for (const id of ids) if (!/^[0-9a-fA-F]{1,64}$/.test(id)) throw usage(`'${id}' is not a snapshot id.`, 'Give the first hex digits, as ls shows them.');
  const repository = await openStore(session);
  const loaded = await loadSnapshots(session, repository, {});
  if (loaded.incomplete && options.latest === true)
    throw usage(
      'Which snapshot is the latest is not certain while a part of the store cannot be read.',
      'Name the snapshots by their ids, or mend the store first with: repair',
    );
  const all = loaded.listed.map(({ header, availability }) => ({ id: header.id, availability }));
  const named = new Set(
    ids.map(
      (id) => matchPrefix(id, [...all, ...loaded.broken.map((broken) => ({ id: broken as (typeof all)[number]['id'], availability: 'live' as const }))]).id,
    ),
  );
  const chosen = decideSnapshots(
    loaded.listed.map(({ header }) => header),
    { ...selection, filters: { ...selection.filters, ...(named.size > 0 ? { ids: [...named] } : {}) } },
    BigInt(nowMs) * 1_000_000n,
  ).map(({ header }): Listed => ({ header, availability: 'live' }));
  const unreadable = isSelective(selection) ? [] : loaded.broken.filter((id) => named.has(id as Listed['header']['id']));
  for (const { header } of chosen) {
    if (options.json) await session.terminal.json({ action: 'remove', ...snapshotJson(header, 'live') });
    else await session.terminal.line(`remove  ${snapshotLine(header)}`);
  }
  for (const id of unreadable) {
    if (options.json) await session.terminal.json({ action: 'remove', id, readable: false });
    else await session.terminal.line(`remove  ${id} (its header cannot be read)`);
  }
  const left = [...named].filter((id) => !chosen.some(({ header }) => header.id === id) && !unreadable.includes(id));
  if (left.length > 0)
    session.terminal.warn(
      `left alone, because the conditions do not hold for ${left.length === 1 ? 'it' : 'them'}: ${left.map((id) => id.slice(0, 8)).join(', ')}`,
    );
  const targets = [...chosen.map(({ header }) => header.id), ...unreadable.map((id) => id as Listed['header']['id'])];
  if (targets.length === 0 && !options.json) session.terminal.warn(`no snapshot is meant; the store has ${counted(all.length, 'snapshot')}`);
  await removeListed(session, repository, { ids: targets, apply: options.apply === true, json: options.json === true });
  return loaded.incomplete ? EXIT.damaged : EXIT.fine;
}
