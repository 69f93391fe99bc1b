import type { Command } from 'commander';
import { deletedOption, examples, hiddenOption, json, type Runner } from './shared.js';

/** The command that shows a store as a folder. */
export function addMounting(program: Command, run: Runner): void {
  program
    .command('mount')
    .description('shows the store, or a directory of a snapshot, as a read-only folder over WebDAV, until Ctrl-C')
    .argument('[SNAP[:PATH]]', 'what to show; default: a folder a snapshot')
    .option('--listen <port>', 'port of this machine, or 127.0.0.1:PORT; 0 takes a free one', '0')
    .addOption(deletedOption())
    .addOption(hiddenOption())
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team mount', 'wardrobe at /backups/team mount --listen 7310 88144fd5:docs')}\n\nEvery system can mount WebDAV; the command says how. Only this machine can reach it. Links to files are followed inside the snapshot; links to folders, pipes and devices are left out.`,
    )
    .action((argument, options) => run(async (session) => (await import('../commands/mount.js')).mount(session, argument, options)));
}
