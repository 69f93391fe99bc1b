import type { Command } from 'commander';
import { addSelection } from './selection.js';
import type { MaintenanceCommandOptions } from '../commands/maintenance.js';
import { collect, examples, json, type Runner } from './shared.js';

/** Commands that remove: rm, prune, maintenance. */
export function addRemoving(program: Command, run: Runner): void {
  const apply = ['--apply', 'do it; without it the plan is shown and nothing is changed'] as const;
  addSelection(
    program
      .command('rm')
      .description('removes snapshots, by id or by conditions, for everybody who reads the store; shows only which, unless --apply is given')
      .argument('[SNAP...]', 'snapshots by unique prefix; with conditions: of these, those that meet them')
      .option(...apply)
      .addOption(json()),
    { periods: false },
  )
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team rm 88144fd5', 'wardrobe at /backups/team rm --apply 88144fd5 cead9474', 'wardrobe at /backups/team rm --tag draft --before 30d', 'wardrobe at /backups/team rm --name web --before 2026-01-01 --apply --json')}\n\nThe space comes back through maintenance.`,
    )
    .action((ids, options) => run(async (session) => (await import('../commands/rm.js')).rm(session, ids, options)));
  addSelection(
    program
      .command('prune')
      .description('removes the snapshots that no period keeps, of those that meet the conditions; shows only which, unless --apply is given')
      .option('--policy <name>', 'a policy of the policies file; other options win over it')
      .option('--policies <file>', "the policies file, as plakar's policies.yml; default: policies.yml in Wardrobe's configuration folder")
      .option(...apply)
      .addOption(json()),
    { periods: true },
  )
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team prune --days 7 --weeks 4 --months 12', 'wardrobe at /backups/team prune --days 30 --per-day 1 --group-by name', 'wardrobe at /backups/team prune --policy weekly --policies ~/.config/plakar/policies.yml', 'wardrobe at /backups/team prune --days 7 --apply')}\n\nA snapshot is kept when any period keeps it. Snapshots that do not meet the conditions are not touched.`,
    )
    .action((options) => run(async (session) => (await import('../commands/prune.js')).prune(session, options)));
  program
    .command('maintenance')
    .description(
      'schedules packfiles that no snapshot needs for deletion, and removes those that were scheduled long enough ago; shows only the plan, unless --apply is given',
    )
    .option(...apply)
    .option('--grace <duration>', 'time from schedule to removal; default: 30d, in a store for plakar 1.1 alone 7d')
    .option('--report <file>', 'a report of a machine that uses the store; give it once a machine', collect, [])
    .option('--retired <name>', 'a machine that does not use the store any more', collect, [])
    .option('--discard-hidden', 'also give up snapshots whose state was lost (repair would bring them back)')
    .option('--wait', 'wait until others have finished, instead of giving up')
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team maintenance', 'wardrobe at /backups/team maintenance --apply', 'wardrobe at /backups/team maintenance --apply --report alpha.json --report bravo.json --retired oldbox', 'wardrobe at /backups/team maintenance --apply --grace 14d --wait --json')}\n\nFrom a store that plakar 1.0 can use files are removed only when the reports show that every machine has seen the schedule; without reports none.\nEnds with 65, and changes nothing, when a state or a snapshot cannot be read to its ends.`,
    )
    .action((options: MaintenanceCommandOptions) => run(async (session) => (await import('../commands/maintenance.js')).maintenance(session, options)));
}
