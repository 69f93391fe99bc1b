import type { Command } from 'commander';
import { examples, json, type Runner } from './shared.js';

/** `store`: names of stores, with their locations and options. */
export function addStores(program: Command, run: Runner): void {
  const store = program.command('store').description('names for stores, with location and options: STORE is then @NAME in every command');
  store
    .command('add')
    .description('gives a store a name; an option without a value is asked for, or read from standard input')
    .argument('<name>')
    .argument('<location>', 'a path, s3://…, sftp://…, https://…, ptar:FILE')
    .argument('[options...]', 'KEY=VALUE or KEY; also passphrase and passphrase_cmd')
    .option('--default', 'the store that is meant when a command names none')
    .addHelpText(
      'after',
      examples(
        'wardrobe store add team /backups/team --default',
        'wardrobe store add cloud s3://s3.example.org/backups/team access_key=TEAM secret_access_key',
        "wardrobe store add nas sftp://backup@nas.example.org/srv/kloset identity=/etc/backup.key passphrase_cmd='cat /etc/nas.key'",
      ),
    )
    .action((name: string, location: string, pairs: string[], options: { default?: boolean }) =>
      run(async (session) => (await import('../commands/store-names.js')).addName(session, { name, location, pairs, isDefault: options.default === true })),
    );
  store
    .command('set')
    .description('changes options of a named store, or its location')
    .argument('<name>')
    .argument('[options...]', 'KEY=VALUE or KEY')
    .option('--default', 'the store that is meant when a command names none')
    .addHelpText('after', examples('wardrobe store set cloud storage_class=STANDARD_IA', 'wardrobe store set team --default'))
    .action((name: string, pairs: string[], options: { default?: boolean }) =>
      run(async (session) => (await import('../commands/store-names.js')).setOptions(session, { name, pairs, isDefault: options.default === true })),
    );
  store
    .command('unset')
    .description('removes options of a named store')
    .argument('<name>')
    .argument('<options...>', 'KEY')
    .addHelpText('after', examples('wardrobe store unset cloud storage_class'))
    .action((name: string, keys: string[]) => run(async (session) => (await import('../commands/store-names.js')).unsetOptions(session, name, keys)));
  store
    .command('import')
    .description("takes stores over from a file as plakar's, or from standard input: YAML, JSON or INI; all that are asked for, or none")
    .argument('[sections...]', 'SECTION, or SECTION:NAME to give it another name; default: all')
    .option('--file <file>', 'default: standard input')
    .option('--overwrite', 'replace stores of the same name')
    .option('--dry-run', 'say what would be imported, and change nothing')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'wardrobe store import --file ~/.config/plakar/stores.yml',
        'plakar store show -secrets | wardrobe store import nas:team',
        'wardrobe store import --dry-run --overwrite --file stores.ini',
      ),
    )
    .action((sections: string[], options) => run(async (session) => (await import('../commands/store-import.js')).importNames(session, sections, options)));
  store
    .command('ls')
    .description("the named stores: ours, and those of plakar's configuration, which is only read")
    .addOption(json())
    .addHelpText('after', examples('wardrobe store ls', 'wardrobe store ls --json'))
    .action((options) => run(async (session) => (await import('../commands/store-show.js')).listNames(session, options)));
  store
    .command('show')
    .description('location and options of named stores; secrets are masked')
    .argument('[names...]', 'default: all')
    .option('--secrets', 'show secrets too')
    .addOption(json())
    .addHelpText('after', examples('wardrobe store show', 'wardrobe store show --json cloud'))
    .action((names: string[], options) => run(async (session) => (await import('../commands/store-show.js')).showNames(session, names, options)));
  store
    .command('check')
    .description('tries a store step by step (name, route, trust, credentials, permission, is it a store, passphrase) and says what fails; changes nothing')
    .argument('[store]', '@NAME or a location; default: the store of the command line')
    .addOption(json())
    .addHelpText('after', examples('wardrobe store check @cloud', 'wardrobe -o use_tls=false store check s3://localhost:9000/backups'))
    .action((text: string | undefined, options) =>
      run(async (session) => (await import('../commands/store-check.js')).checkStoreSteps(session, text, options)),
    );
  store
    .command('rm')
    .description('forgets a name; the store itself is not touched')
    .argument('<name>')
    .addHelpText('after', examples('wardrobe store rm cloud'))
    .action((name: string) => run(async (session) => (await import('../commands/store-names.js')).removeName(session, name)));
}
