import type { Command } from 'commander';
import { addSelection } from './selection.js';
import { collect, deletedOption, examples, hiddenOption, json, type Runner } from './shared.js';

/** Commands that read a store and its snapshots. */
export function addReading(program: Command, run: Runner): void {
  program
    .command('info')
    .description('what the store is, who can use it and what it holds; or who made a snapshot, of what, and from which stores it was synchronised')
    .argument('[SNAP]', 'snapshot by unique prefix')
    .addOption(deletedOption())
    .addOption(hiddenOption())
    .addOption(json())
    .addHelpText('after', examples('wardrobe at /backups/team info', 'wardrobe at /backups/team info --json', 'wardrobe at /backups/team info 88144fd5'))
    .action((argument, options) =>
      run(async (session) =>
        argument === undefined
          ? (await import('../commands/info.js')).info(session, options)
          : (await import('../commands/info-snapshot.js')).infoSnapshot(session, argument, options),
      ),
    );
  addSelection(
    program
      .command('ls')
      .description('snapshots of the store, newest first, or the entries of one')
      .argument('[SNAP[:PATH]]', 'snapshot by unique prefix, and a path in it (%XX stands for any byte)')
      .option('-r, --recursive', 'everything below')
      .option('--uuid', 'snapshots by their whole ids')
      .addOption(deletedOption())
      .addOption(hiddenOption())
      .addOption(json()),
    { periods: true },
  )
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team ls', 'wardrobe at /backups/team ls 88144fd5:docs', 'wardrobe at /backups/team ls --recursive 88144fd5 --json', 'wardrobe at /backups/team ls --deleted --hidden', "wardrobe at /backups/team ls --since 2w --tag 'nightly,!draft'", 'wardrobe at /backups/team ls --days 7 --per-day 1')}\n\nEnds with 65 when a state that could add or remove a snapshot cannot be read; the list is printed all the same.`,
    )
    .action((argument, options) => run(async (session) => (await import('../commands/ls.js')).ls(session, argument, options)));
  program
    .command('cat')
    .description('the content of files, verified to the end')
    .argument('<SNAP:PATH...>')
    .addOption(deletedOption())
    .addOption(hiddenOption())
    .addHelpText('after', examples('wardrobe at /backups/team cat 88144fd5:README.md', 'wardrobe at /backups/team cat 88144fd5:photos/a%FFb.jpg > a.jpg'))
    .action((paths, options) => run(async (session) => (await import('../commands/cat.js')).cat(session, paths, options)));
  addSelection(
    program
      .command('restore')
      .description('writes the content of a snapshot, or of a path in it, into a folder')
      .argument('[SNAP[:PATH]]', 'default: the newest snapshot that meets the conditions')
      .option('--to <dir>', 'folder to restore into; made when missing; default: a new one named by the time')
      .option('--conflict <policy>', 'names that are taken: fail, skip, overwrite, keep-newer or rename; default: fail')
      .option('--overwrite', 'the same as --conflict overwrite')
      .option('--include <pattern>', 'only what this matches, and what lies below such; repeatable', collect)
      .option('--exclude <pattern>', 'not what this matches, as in an ignore file; repeatable', collect)
      .option('--no-owners', 'do not set owners (they are set only when root)')
      .option('--skip-permissions', 'set neither owners nor modes')
      .option('--verify', 'afterwards read all of it back and compare it with the snapshot')
      .option('-n, --dry-run', 'only show what would be made, replaced, left alone')
      .addOption(deletedOption())
      .addOption(hiddenOption())
      .addOption(json()),
    { periods: false },
  )
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team restore --to ./out 88144fd5', 'wardrobe at /backups/team restore --to ./docs 88144fd5:docs', 'wardrobe at /backups/team restore --to /srv/web --conflict keep-newer --dry-run --name web', "wardrobe at /backups/team restore --to ./texts --include '*.md' --exclude drafts/ --verify 88144fd5")}\n\nThe content of PATH (by default of the backup's root) lies directly in the folder. Nothing is written outside of it.`,
    )
    .action((argument, options) => run(async (session) => (await import('../commands/restore.js')).restore(session, argument, options)));
  addSelection(
    program
      .command('check')
      .description('verifies snapshots, or one path, and names everything that damage hits; without an argument also the files of the store')
      .argument('[SNAP[:PATH]...]')
      .option('--fast', 'only look whether everything is there; read no content')
      .option('--store', 'read every packfile once and prove every blob in it, also those that no snapshot needs')
      .option('--percent <n>', 'read only this share of packfiles and contents; says what was not read')
      .option('--seed <text>', 'which share: the same seed gives the same; default: another each time')
      .option('--no-verify', 'do not prove signatures')
      .addOption(deletedOption())
      .addOption(hiddenOption())
      .addOption(json()),
    { periods: true },
  )
    .addHelpText(
      'after',
      examples(
        'wardrobe at /backups/team check',
        'wardrobe at /backups/team check --fast',
        'wardrobe at /backups/team check 88144fd5:docs --json',
        'wardrobe at /backups/team check --store',
        'wardrobe at /backups/team check --percent 5 --seed week-48',
        'wardrobe at /backups/team check --since 7d --tag nightly',
      ),
    )
    .action((args, options) => run(async (session) => (await import('../commands/check.js')).check(session, args, options)));
  for (const [name, about] of [
    ['states', 'every state file of the store'],
    ['hidden', 'snapshots whose data is in the store and whose state never arrived'],
  ] as const) {
    program
      .command(name)
      .description(about)
      .addOption(json())
      .addHelpText('after', examples(`wardrobe at /backups/team ${name}`, `wardrobe at /backups/team ${name} --json`))
      .action((options) => run(async (session) => (await import('../commands/facts.js'))[name](session, options)));
  }
}
