import type { Command } from 'commander';
import type { CreateCommandOptions } from '../commands/create.js';
import { examples, json, type Runner } from './shared.js';

/** Commands that make stores and snapshots: create, backup, dup, sync, downgrade. */
export function addWriting(program: Command, run: Runner): void {
  addCreate(program, run);
}

function addCreate(program: Command, run: Runner): void {
  program
    .command('create')
    .description('makes an empty store, encrypted unless asked otherwise, in a folder that is empty or not there yet')
    .option('--plaintext', 'without encryption: whoever can read the folder can read every file')
    .option('--weak-passphrase', 'take a passphrase that is easy to guess')
    .option('--hashing <name>', 'BLAKE3 or SHA256', 'BLAKE3')
    .option('--compression <name>', 'lz4, gzip or none', 'lz4')
    .option('--line <line>', '1.0: every plakar since 1.0 can use the store; 1.1: only plakar 1.1', '1.0')
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team create', 'wardrobe --keyfile team.key at /backups/team create --line 1.1', 'wardrobe at /backups/team create --plaintext --compression none')}\n\nThe passphrase comes from --keyfile, WARDROBE_PASSPHRASE or PLAKAR_PASSPHRASE, or is asked for twice. It cannot be changed or replaced later.`,
    )
    .action((options: CreateCommandOptions) => run(async (session) => (await import('../commands/create.js')).create(session, options)));
}
