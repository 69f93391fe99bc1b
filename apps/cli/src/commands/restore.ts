import { existsSync } from 'node:fs';
import { plakarPlace } from '@wardrobe/connections';
import {
  CONFLICT_POLICIES,
  planRestore,
  type RestoreAction,
  type RestoreOptions as EngineOptions,
  type RestoreProblem,
  type RestoreSummary,
  restoreTo,
  type Snapshot,
} from '@wardrobe/kloset';
import { sizeText } from '@wardrobe/kloset-model';
import { parseStoreLocation } from '@wardrobe/store-connector';
import { counted } from '@wardrobe/words';
import { CliError, EXIT, type ExitCode } from '../exit-codes.js';
import { isDamage, sayMistake, usage } from '../failures.js';
import { keepOldSmall } from '../heap.js';
import { namePair } from '../json.js';
import { printable } from '../printable.js';
import { type Reach, select, type Selected } from '../select.js';
import { chooseSnapshots, isSelective, loadSnapshots, parseSelection, type SelectionOptions } from '../selection.js';
import { openStore, type Session } from '../session.js';

export type RestoreOptions = Reach &
  SelectionOptions & {
    readonly to?: string;
    readonly overwrite?: boolean;
    readonly conflict?: string;
    readonly include?: readonly string[];
    readonly exclude?: readonly string[];
    readonly owners: boolean;
    readonly skipPermissions?: boolean;
    readonly verify?: boolean;
    readonly dryRun?: boolean;
    readonly json?: boolean;
  };

/** `restore`: what can be restored is restored and counted; damage that was hit ends with 65, anything else that failed with 1. */
export async function restore(session: Session, argument: string | undefined, options: RestoreOptions): Promise<ExitCode> {
  keepOldSmall();
  const conflict = policyOf(options);
  const directory = await targetFolder(session, options.to);
  const { snapshot, path, isCertain } = await wanted(session, argument, options);
  const engine: EngineOptions = {
    path,
    directory,
    conflict,
    include: options.include,
    exclude: options.exclude,
    ...(options.owners && options.skipPermissions !== true ? {} : { owners: false }),
    modes: options.skipPermissions !== true,
    verify: options.verify,
    signal: session.signal,
  };
  const code = options.dryRun === true ? await plan(session, { snapshot, engine }, options) : await run(session, { snapshot, engine }, options);
  return isCertain ? code : EXIT.damaged;
}

function policyOf(options: RestoreOptions): NonNullable<EngineOptions['conflict']> {
  const text = options.conflict ?? (options.overwrite === true ? 'overwrite' : 'fail');
  const policy = CONFLICT_POLICIES.find((known) => known === text);
  if (policy === undefined) throw usage(`'${text}' is no way to deal with names that are taken.`, `Give one of: ${CONFLICT_POLICIES.join(', ')}.`);
  if (options.overwrite === true && policy !== 'overwrite') throw usage('--overwrite and --conflict say different things.', 'Give one of the two.');
  return policy;
}

/** A folder as the user wrote it; `@name` where no folder has that name is a destination of plakar's configuration. */
async function targetFolder(session: Session, to: string | undefined): Promise<string> {
  if (to === undefined) return defaultFolder(new Date());
  if (!to.startsWith('@') || existsSync(to)) return to;
  const place = await sayMistake(() => plakarPlace(session.env.surroundings, 'destinations', to.slice(1)));
  if (place === null) throw usage(`There is no destination ${to} in plakar's destinations.yml.`, `Give a folder; one that is called ${to} is written ./${to}.`);
  const { scheme, rest } = await sayMistake(() => parseStoreLocation(place));
  if (scheme !== 'fs')
    throw usage(
      `The destination ${to} is of the kind '${scheme}'; files are restored into folders of this machine only.`,
      'Give a folder with --to, and bring the files there from it; or send them as one file: archive --output -',
    );
  return rest;
}

function defaultFolder(now: Date): string {
  return `./wardrobe-${now.toISOString().slice(0, 19).replace(/\D/g, '')}`;
}

type Wanted = Selected & { readonly isCertain: boolean };

/** The snapshot named, or of those that meet the conditions the newest. `isCertain` false: a part of the store that may bring a newer one cannot be read. */
async function wanted(session: Session, argument: string | undefined, options: RestoreOptions): Promise<Wanted> {
  const nowMs = Date.now();
  const selection = parseSelection(options, nowMs);
  const repository = await openStore(session);
  if (argument !== undefined) {
    if (isSelective(selection)) throw usage('Conditions choose among snapshots; a snapshot is named already.', 'Leave out one of the two.');
    return { ...(await select(session, repository, { argument, reach: options })), isCertain: true };
  }
  const loaded = await loadSnapshots(session, repository, options);
  const [newest] = chooseSnapshots(loaded, selection, nowMs);
  if (newest === undefined) throw new CliError(loaded.incomplete ? EXIT.damaged : EXIT.usage, 'No snapshot meets the conditions.', 'List them with: ls');
  session.terminal.warn(`restoring snapshot ${newest.header.id.slice(0, 8)} of ${printable(newest.header.source.directory.text)}`);
  return { ...(await select(session, repository, { argument: newest.header.id, reach: options })), isCertain: !loaded.incomplete };
}

type Work = { readonly snapshot: Snapshot; readonly engine: EngineOptions };

async function plan(session: Session, { snapshot, engine }: Work, options: RestoreOptions): Promise<ExitCode> {
  const actions = planRestore(snapshot, engine);
  for (;;) {
    const step = await actions.next();
    if (step.done) {
      const { create, replace, skip, rename, refuse, special, damaged, bytes } = step.value;
      const unmade = special > 0 ? `, ${specialText(special)}` : '';
      if (options.json) await session.terminal.json({ plan: step.value, to: engine.directory });
      else
        session.terminal.warn(
          `into ${engine.directory}: ${counted(create, 'entry', 'entries')} would be made, ${replace} replaced, ${rename} given another name, ${skip} left as they are, ${refuse} refused${unmade}; ${sizeText(bytes)} written. Nothing was changed.`,
        );
      return damaged > 0 ? EXIT.damaged : refuse > 0 ? EXIT.usage : EXIT.fine;
    }
    if ('damaged' in step.value) {
      session.terminal.warn(`${printable(step.value.path.text)} cannot be read: ${step.value.damaged.message}`);
      if (options.json) await session.terminal.json({ ...namePair('path', step.value.path), action: 'none', damaged: step.value.damaged.message });
    } else await printAction(session, step.value, options);
  }
}

async function printAction(session: Session, action: RestoreAction, options: RestoreOptions): Promise<void> {
  if (options.json)
    return session.terminal.json({
      ...namePair('path', action.path),
      type: action.type,
      action: action.action,
      ...namePair('to', action.to),
      reason: action.reason,
    });
  const reason = action.reason === null ? '' : `  (${printable(action.reason)})`;
  await session.terminal.line(`${action.action.padEnd(8)} ${printable(action.to.text)}${reason}`);
}

async function run(session: Session, { snapshot, engine }: Work, options: RestoreOptions): Promise<ExitCode> {
  const total = Number(snapshot.header.summary.files);
  const actions: RestoreAction[] = [];
  let refused = 0;
  const items = restoreTo(snapshot, {
    ...engine,
    onAction: (action) => {
      if (action.action === 'refuse') refused += 1;
      else actions.push(action);
    },
    onProgress: (summary) =>
      summary.verified > 0
        ? session.terminal.progress.show('reading back', summary.verified, null)
        : session.terminal.progress.show('restoring files', summary.files, total > 0 ? total : null),
  });
  let code: ExitCode = EXIT.fine;
  for (;;) {
    const step = await items.next();
    // Names that were taken are told as they come; those left alone are only counted, unless in JSON.
    for (const action of actions.splice(0)) if (options.json || action.action === 'rename') await printAction(session, action, options);
    if (step.done) {
      await printSummary(session, step.value, { options, to: engine.directory });
      if (refused > 0)
        session.terminal.warn(
          `${counted(refused, 'name was', 'names were')} taken: give --conflict ${CONFLICT_POLICIES.filter((policy) => policy !== 'fail').join(', ')}, or another folder with --to`,
        );
      return code;
    }
    const { path: name, severity, what, error } = step.value;
    session.terminal.warn(`${printable(name.text)}: ${notDone(severity, what)}${error.message}`);
    if (options.json) await session.terminal.json({ ...namePair('path', name), severity, what, code: error.code, message: error.message });
    if (isDamage(error)) code = EXIT.damaged;
    else if (severity === 'error' && code === EXIT.fine) code = EXIT.usage;
  }
}

function notDone(severity: RestoreProblem['severity'], what: RestoreProblem['what']): string {
  if (severity === 'error') return 'not restored: ';
  return what === 'type' ? '' : `restored without its ${what}: `;
}

function specialText(count: number): string {
  return `${count === 1 ? '1 socket or device' : `${count} sockets and devices`} not restored, because a snapshot cannot make them`;
}

async function printSummary(
  session: Session,
  summary: RestoreSummary,
  { options, to }: { readonly options: RestoreOptions; readonly to: string },
): Promise<void> {
  session.terminal.progress.clear();
  if (options.json) return session.terminal.json({ restored: { ...summary, failed: summary.failed }, to });
  const links = summary.symlinks + summary.hardLinks;
  const more = [
    [summary.replaced, 'replaced'],
    [summary.renamed, 'given another name'],
    [summary.skipped, 'left as they were there'],
    [summary.verified, 'read back and found right'],
  ] as const;
  const told = more.flatMap(([count, what]) => (count > 0 ? [`; ${count} ${what}`] : [])).join('');
  const special = summary.special > 0 ? `; ${specialText(summary.special)}` : '';
  const failed = summary.failed > 0 ? `; ${counted(summary.failed, 'entry', 'entries')} not restored` : '';
  await session.terminal.line(
    `${counted(summary.files, 'file')} (${sizeText(summary.bytes)}), ${counted(summary.directories, 'directory', 'directories')} and ${counted(links, 'link')} restored to ${to}${told}${special}${failed}`,
  );
}
