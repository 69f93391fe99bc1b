import type { Command } from 'commander';
import { examples, json, type Runner } from './shared.js';

/** `pkg`: connectors, which open kinds of stores. */
export function addPackages(program: Command, run: Runner): void {
  const pkg = program.command('pkg').description('connectors, which open kinds of stores: those that come along, and packages of others');
  pkg
    .command('ls')
    .description('the connectors that are there')
    .addOption(json())
    .addHelpText('after', examples('wardrobe pkg ls', 'wardrobe pkg ls --json'))
    .action((options) => run(async (session) => (await import('../commands/pkg.js')).listConnectors(session, options)));
  pkg
    .command('show')
    .description('one connector: version, kinds of locations, options, digest')
    .argument('<name>', 'NAME or NAME@VERSION')
    .addOption(json())
    .addHelpText('after', examples('wardrobe pkg show s3'))
    .action((name: string, options) => run(async (session) => (await import('../commands/pkg.js')).showConnector(session, name, options)));
  pkg
    .command('add')
    .description('installs a connector into the data folder, or another version of one; no script of a package is ever run')
    .argument('<package>', 'the name of one that comes along, a FILE.tgz, or the full name of an npm package')
    .option('--yes', 'take it without being asked: a connector gets every key of its stores')
    .addHelpText(
      'after',
      `${examples('wardrobe pkg add s3', 'wardrobe pkg add ./tape-1.2.0.tgz', 'wardrobe pkg add --yes @example/wardrobe-tape@1.2.0')}\n\nThose that come along need no network. Its files are proven each time before it is loaded.`,
    )
    .action((name: string, options) => run(async (session) => (await import('../commands/pkg-add.js')).addConnector(session, name, options)));
  pkg
    .command('rm')
    .description('removes an installed connector; one that comes along is switched off until it is added again')
    .argument('<name>')
    .addHelpText('after', examples('wardrobe pkg rm s3'))
    .action((name: string) => run(async (session) => (await import('../commands/pkg.js')).removeInstalled(session, name)));
}
