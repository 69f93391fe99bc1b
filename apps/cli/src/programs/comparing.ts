import type { Command } from 'commander';
import type { DivergenceOptions } from '../commands/divergence.js';
import { collect, deletedOption, examples, hiddenOption, json, type Runner } from './shared.js';

/** Commands that hold two things against each other. */
export function addComparing(program: Command, run: Runner): void {
  program
    .command('diff')
    .description('what differs between two snapshots, or two paths in them, or one and this machine; between snapshots equal content is never read')
    .argument('<A[:PATH]>')
    .argument('[B[:PATH]]', 'default: the same path of this machine')
    .option('--content', 'also show how texts differ')
    .option('--local [path]', 'compare with this path of this machine; default: the same path')
    .addOption(deletedOption())
    .addOption(hiddenOption())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'wardrobe at /backups/team diff cead9474 88144fd5',
        'wardrobe at /backups/team diff cead9474:docs 88144fd5:docs --json',
        'wardrobe at /backups/team diff --content cead9474:README.md 88144fd5:README.md',
        'wardrobe at /backups/team diff 88144fd5:docs --local ./docs',
      ),
    )
    .action((a, b, options) => run(async (session) => (await import('../commands/diff.js')).diff(session, { a, b }, options)));
  program
    .command('divergence')
    .description('which machine has seen which snapshot, from the store and report files, without a server')
    .requiredOption('--report <file>', 'a report of a machine; give it once a machine', collect, [])
    .option('--now <time>', 'answer as of this time')
    .option('--limit <duration>', 'a report older than this says nothing any more', '26h')
    .option('--fail-on <what>', "'diverged': end with 65 when a machine diverged")
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'wardrobe at /backups/team divergence --report alpha.json --report bravo.json',
        'wardrobe at /backups/team divergence --report alpha.json --json --fail-on diverged',
      ),
    )
    .action((options: DivergenceOptions) => run(async (session) => (await import('../commands/divergence.js')).divergence(session, options)));
}
