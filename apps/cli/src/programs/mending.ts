import type { Command } from 'commander';
import type { LocksClearOptions } from '../commands/locks-clear.js';
import type { RepairOptions } from '../commands/repair.js';
import { collect, examples, json, type Runner } from './shared.js';

/** Commands that mend: repair, locks ls and clear. */
export function addMending(program: Command, run: Runner): void {
  addRepair(program, run);
  addLocks(program, run);
}

function addRepair(program: Command, run: Runner): void {
  program
    .command('repair')
    .description('finds what is wrong with the store, from anywhere, and says what would be written; with --apply does it, and proves every snapshot concerned')
    .option('--apply', 'do it; without it the plan is shown and nothing is changed')
    .option('--from-cache <dir>', "a cache, a home folder or a '<id>.state' file of a machine that used the store; give it as often as needed", collect, [])
    .option('--report <file>', 'a report of a machine, made with: agent once --output', collect, [])
    .option('--from-store <store>', 'a synchronised store or a copy, to take lost content from', collect, [])
    .option('--from-keyfile <file>', 'the passphrase of that store, if it is another one')
    .option('--from-option <key=value>', 'an option of that store; also WARDROBE_SYNC_OPTION_<KEY>', collect, [])
    .option('--from-disk <dir>', 'the folder that was backed up, or a root that it hangs on, to take lost content from', collect, [])
    .option('--snapshot <id>', 'only what concerns this snapshot', collect, [])
    .option('--undelete', 'also bring back snapshots that somebody deleted')
    .option('--redelete', 'also delete again what a machine deleted and the store still lists')
    .option('--discard-damaged', 'remove damaged state files that nothing can rebuild: they keep plakar from opening the store')
    .option('--read-data', 'read all content, to find damage inside packfiles too')
    .option('--wait', 'wait until locks of others are gone or left behind, instead of giving up')
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team repair', 'wardrobe at /backups/team repair --apply', 'wardrobe at /backups/team repair --from-cache /mnt/alpha/home/ines --apply --wait', 'wardrobe at /backups/team repair --snapshot 88144fd5 --json', 'wardrobe at /backups/team repair --read-data --from-store /mirror/team --from-disk /srv/team')}\n\nThe caches of plakar on this machine and Wardrobe's own state index are always asked. Nothing below a cache is changed.\nEnds with 65 when something is wrong that cannot be mended with what is at hand.`,
    )
    .action((options: RepairOptions) => run(async (session) => (await import('../commands/repair.js')).repair(session, options)));
}

function addLocks(program: Command, run: Runner): void {
  const group = program
    .command('locks')
    .description('who holds the store, since when, stale or not; clear removes locks that were left behind')
    .addOption(json())
    .addHelpText('after', examples('wardrobe at /backups/team locks', 'wardrobe at /backups/team locks --json', 'wardrobe at /backups/team locks clear'))
    .action((options) => run(async (session) => (await import('../commands/facts.js')).locks(session, options)));
  group
    .command('ls')
    .description('the locks of the store')
    .addOption(json())
    .addHelpText('after', examples('wardrobe at /backups/team locks ls', 'wardrobe at /backups/team locks ls --json'))
    .action((_options, command: Command) =>
      run(async (session) => (await import('../commands/facts.js')).locks(session, command.optsWithGlobals<{ json?: boolean }>())),
    );
  group
    .command('clear')
    .description('removes locks that were not renewed for ten minutes; with --id and --force one that was')
    .option('--id <lock>', 'only this lock, by unique prefix', collect, [])
    .option('--force', 'even if it is fresh or cannot be read: whoever holds it must have ended')
    .addOption(json())
    .addHelpText('after', examples('wardrobe at /backups/team locks clear', 'wardrobe at /backups/team locks clear --id 3f0c62d1 --force'))
    .action((_options, command: Command) =>
      run(async (session) => (await import('../commands/locks-clear.js')).locksClear(session, command.optsWithGlobals<LocksClearOptions>())),
    );
}
