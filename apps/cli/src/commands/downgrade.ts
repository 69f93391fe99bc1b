import { downgrade as rewriteStates, planDowngrade } from '@wardrobe/kloset';
import { counted } from '@wardrobe/words';
import { CliError, EXIT, type ExitCode } from '../exit-codes.js';
import { openStore, type Session } from '../session.js';

export type DowngradeCommandOptions = { readonly apply?: boolean; readonly wait?: boolean; readonly json?: boolean };

/** `downgrade`: makes a store that only plakar 1.1 can use one for both lines, where its states allow it; without `--apply` tells whether they do. */
export async function downgrade(session: Session, options: DowngradeCommandOptions): Promise<ExitCode> {
  const { terminal, signal } = session;
  const repository = await openStore(session);
  const plan = planDowngrade(repository);
  for (const { id, reason } of plan.forbidding) {
    if (options.json) await terminal.json({ state: id, forbids: true, reason });
    else await terminal.line(`state ${id} forbids it: ${reason}`);
  }
  if (plan.forbidding.length > 0)
    throw new CliError(
      repository.view.unreadable.length > 0 ? EXIT.damaged : EXIT.usage,
      `The store stays one for plakar 1.1: ${counted(plan.forbidding.length, 'state forbids', 'states forbid')} the rewriting. Nothing was changed.`,
      repository.view.unreadable.length > 0
        ? 'Mend what cannot be read first, with: repair'
        : 'Copy the snapshots into a new store with: create --line 1.0, then sync to it.',
    );
  for (const { id, sizeBytes } of plan.states) {
    if (options.json) await terminal.json({ state: id, sizeBytes, action: 'rewrite' });
    else await terminal.line(`rewrite state ${id} as version 1.0.0`);
  }
  if (options.apply !== true) return tellPlan(session, plan.states.length, options);
  const rewritten = await rewriteStates(repository, {
    wait: options.wait,
    signal,
    onWait: ({ hostname }) => terminal.progress.show(`waiting for ${hostname}, which holds the store`, 0, null),
    onProgress: (done, total) => terminal.progress.show('rewriting states', done, total),
  });
  terminal.progress.clear();
  if (options.json) await terminal.json({ applied: true, rewritten });
  else if (rewritten > 0)
    await terminal.line(
      `${counted(rewritten, 'state')} rewritten and proven: plakar 1.0 can use the store. Its own maintenance refuses snapshots that plakar 1.1 made: use that of wardrobe. The next thing that plakar 1.1 writes locks it out again; what wardrobe writes does not.`,
    );
  else await terminal.line('There was nothing to do: plakar 1.0 can use the store.');
  return EXIT.fine;
}

async function tellPlan(session: Session, states: number, options: DowngradeCommandOptions): Promise<ExitCode> {
  if (options.json) await session.terminal.json({ applied: false, states });
  else if (states === 0) await session.terminal.line('There is nothing to do: plakar 1.0 can use the store.');
  else session.terminal.warn(`${counted(states, 'state')} would be rewritten. Nothing was changed: run the same command with --apply`);
  return EXIT.fine;
}
