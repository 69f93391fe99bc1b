import type { Command } from 'commander';
import type { ServerCommandOptions } from '../commands/server.js';
import { examples, json, type Runner } from './shared.js';

/** The command that gives a store to other machines. */
export function addServing(program: Command, run: Runner): void {
  program
    .command('server')
    .description('gives the store to other machines over HTTP, for wardrobe and both lines of plakar, until Ctrl-C; read-only unless asked otherwise')
    .option('--listen <host:port>', 'where to listen; 0 as the port takes a free one', '127.0.0.1:9876')
    .option('--read-write', 'take backups too; locks may be deleted, states and packfiles not')
    .option('--allow-delete', 'with --read-write: states and packfiles may be deleted, as maintenance does')
    .option('--tls-cert <file>', 'serve https: certificate, PEM')
    .option('--tls-key <file>', 'and its key')
    .option('--token-file <file>', 'whoever comes must send the token in this file (option auth_token; plakar 1.0 has none)')
    .option('--insecure', 'reachable from other machines without TLS or token, against advice')
    .option('--quiet', 'say nothing but failures to start')
    .addOption(json())
    .addHelpText(
      'after',
      `${examples(
        'wardrobe at /backups/team server',
        'wardrobe at /backups/team server --read-write --listen 0.0.0.0:9876 --tls-cert team.pem --tls-key team.key --token-file team.token',
        'plakar at http://127.0.0.1:9876 ls',
      )}\n\nNo passphrase is needed: files go through as they lie in the store, and only clients open them. The store may lie anywhere that wardrobe reaches.`,
    )
    .action((options: ServerCommandOptions) => run(async (session) => (await import('../commands/server.js')).server(session, options)));
}
