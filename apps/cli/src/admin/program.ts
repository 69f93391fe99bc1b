import { Command, Option } from 'commander';
import type { Runner } from '../programs/shared.js';

const json = (): Option => new Option('--json', 'one JSON object a line');

const example = (line: string): string => `\nExample:\n  ${line}`;

/** `admin`: talks to the running server over the 0600 socket in its data folder. */
export function adminCommand(run: Runner): Command {
  const admin = new Command('admin').description('the running server: stores, people, tokens, reports (over the socket in its data folder)');
  const store = admin.command('store').description('stores that the server watches');
  store
    .command('add')
    .argument('<location>')
    .option('--name <name>', 'name to show; default: the name of the folder')
    .option('--ask-each-start', 'keep the key in memory only')
    .addOption(json())
    .addHelpText(
      'after',
      '\nThe passphrase comes from --keyfile, WARDROBE_PASSPHRASE, PLAKAR_PASSPHRASE or a prompt.\n\nExamples:\n  wardrobe admin store add /backups/team --name team\n  wardrobe --keyfile team.key admin store add /backups/team --name team',
    )
    .action((location, options) => run(async (session) => (await import('./stores.js')).addStore(session, location, options)));
  store
    .command('ls')
    .description('the stores and what the console knows of them')
    .addOption(json())
    .addHelpText('after', example('wardrobe admin store ls --json'))
    .action((options) => run(async (session) => (await import('./stores.js')).listStores(session, options)));
  store
    .command('rm')
    .argument('<name>')
    .description('forget a store: its rows and its index; the store itself is not touched')
    .addHelpText('after', example('wardrobe admin store rm team'))
    .action((name) => run(async (session) => (await import('./stores.js')).removeStore(session, name)));

  store
    .command('refresh')
    .argument('<name>')
    .description('read a store now')
    .addHelpText('after', example('wardrobe admin store refresh team'))
    .action((name) => run(async (session) => (await import('./stores.js')).refreshStore(session, name)));

  const user = admin.command('user').description('people who may sign in');
  user
    .command('add')
    .argument('<email>')
    .requiredOption('--name <name>')
    .addOption(new Option('--role <role>').choices(['admin', 'viewer']).default('viewer'))
    .addHelpText(
      'after',
      '\nThe password comes from WARDROBE_PASSWORD or a prompt.\n\nExample:\n  wardrobe admin user add ines@example.org --name Ines --role admin',
    )
    .action((email, options) => run(async (session) => (await import('./people.js')).addUser(session, email, options)));
  user
    .command('passwd')
    .argument('<email>')
    .description('set a new password; recovers a lost admin')
    .addHelpText('after', '\nExample:\n  wardrobe admin user passwd ines@example.org')
    .action((email) => run(async (session) => (await import('./people.js')).setPassword(session, email)));

  const token = admin.command('token').description('bearer tokens for agents and for reading');
  token
    .command('create')
    .argument('<name>')
    .addOption(new Option('--kind <kind>').choices(['agent', 'read']).default('agent'))
    .addOption(json())
    .addHelpText('after', '\nThe secret is printed once, alone on standard output.\n\nExample:\n  wardrobe admin token create laptop-ada > /etc/wardrobe.token')
    .action((name, options) => run(async (session) => (await import('./people.js')).createToken(session, name, options)));
  token
    .command('ls')
    .description('the tokens and when each was last used')
    .addOption(json())
    .addHelpText('after', example('wardrobe admin token ls'))
    .action((options) => run(async (session) => (await import('./people.js')).listTokens(session, options)));
  token
    .command('revoke')
    .argument('<name-or-id>')
    .description('end a token at once, open streams included')
    .addHelpText('after', example('wardrobe admin token revoke laptop-ada'))
    .action((id) => run(async (session) => (await import('./people.js')).revokeToken(session, id)));

  admin
    .command('report')
    .description('reports of machines without a network')
    .command('import')
    .argument('<file...>')
    .addHelpText('after', '\nExample:\n  wardrobe admin report import alpha.json bravo.json')
    .action((files) => run(async (session) => (await import('./stores.js')).importReports(session, files)));
  admin
    .command('setup-link')
    .description('a new one-time link for the first admin')
    .addHelpText('after', example('wardrobe admin setup-link'))
    .action(() => run(async (session) => (await import('./people.js')).printSetupLink(session)));
  return admin;
}
