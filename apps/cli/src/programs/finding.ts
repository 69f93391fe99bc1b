import type { Command } from 'commander';
import { addSelection } from './selection.js';
import { deletedOption, examples, hiddenOption, json, type Runner } from './shared.js';

/** Commands that find and digest: locate, digest, archive. */
export function addFinding(program: Command, run: Runner): void {
  addSelection(
    program
      .command('locate')
      .description('where files of a name lie, newest snapshots first')
      .argument('<PATTERN...>', "a name or shell pattern: '*.pdf', 'report-[0-9]*'; %XX stands for any byte")
      .option('--snapshot <id>', 'only in this snapshot')
      .addOption(deletedOption())
      .addOption(hiddenOption())
      .addOption(json()),
    { periods: true },
  )
    .addHelpText(
      'after',
      examples(
        "wardrobe at /backups/team locate '*.pdf'",
        'wardrobe at /backups/team locate --latest README.md',
        "wardrobe at /backups/team locate --since 30d --tag nightly 'invoice-*' --json",
      ),
    )
    .action((patterns, options) => run(async (session) => (await import('../commands/locate.js')).locate(session, patterns, options)));
  program
    .command('digest')
    .description('plain hashes of files, each proven whole; of directories: of all files below')
    .argument('<SNAP[:PATH]...>')
    .option('--hashing <name>', 'SHA256 or BLAKE3', 'SHA256')
    .addOption(deletedOption())
    .addOption(hiddenOption())
    .addOption(json())
    .addHelpText(
      'after',
      examples('wardrobe at /backups/team digest 88144fd5:README.md', 'wardrobe at /backups/team digest --hashing BLAKE3 88144fd5:docs --json'),
    )
    .action((args, options) => run(async (session) => (await import('../commands/digest.js')).digest(session, args, options)));
  program
    .command('archive')
    .description('a path with all that lies below it as one file: tar, tgz or zip; whole or not at all')
    .argument('<SNAP[:PATH]>')
    .option('--format <format>', 'tar, tgz (or tarball), zip', 'tarball')
    .option('--rebase', 'name members relative to PATH; default: by the whole path without its leading slash')
    .option('-o, --output <file>', '- for standard output; default: a new file named by the time')
    .option('--overwrite', 'replace a file that exists')
    .addOption(deletedOption())
    .addOption(hiddenOption())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'wardrobe at /backups/team archive --output docs.tar.gz 88144fd5:docs',
        'wardrobe at /backups/team archive --format zip --rebase --output docs.zip 88144fd5:docs',
        'wardrobe at /backups/team archive --format tar --output - 88144fd5 | tar -tf -',
      ),
    )
    .action((argument, options) => run(async (session) => (await import('../commands/archive.js')).archive(session, argument, options)));
}
