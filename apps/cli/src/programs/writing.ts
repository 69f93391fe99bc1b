import type { Command } from 'commander';
import type { BackupCommandOptions } from '../commands/backup.js';
import type { CreateCommandOptions } from '../commands/create.js';
import type { DowngradeCommandOptions } from '../commands/downgrade.js';
import type { DupCommandOptions } from '../commands/dup.js';
import type { PtarCommandOptions } from '../commands/ptar.js';
import type { SyncCommandOptions } from '../commands/sync.js';
import { addSelection } from './selection.js';
import { collect, examples, json, type Runner } from './shared.js';

/** Commands that make stores and snapshots: create, backup, dup, sync, ptar, downgrade. */
export function addWriting(program: Command, run: Runner): void {
  addCreate(program, run);
  addBackup(program, run);
  addDup(program, run);
  addSync(program, run);
  addPtar(program, run);
  addDowngrade(program, run);
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

function addBackup(program: Command, run: Runner): void {
  program
    .command('backup')
    .description('saves files and folders of this machine as one new snapshot; files that did not change since the last one are not read again')
    .argument('[PATH...]', 'what to save; default: the current folder')
    .option('--tag <tags>', 'tags of the snapshot (a,b); repeatable; default: PLAKAR_TAGS', collect, [])
    .option('--ignore <rule>', 'leave out what matches, in the way of .gitignore; repeatable, the last rule that matches decides', collect, [])
    .option('--ignore-file <file>', 'rules from a file, one a line; they come before those of --ignore; repeatable', collect, [])
    .option('--check', 'read the snapshot back when it is made')
    .option('--no-xattr', 'save no extended attributes')
    .option('--force-timestamp <time>', 'time of the snapshot instead of now, not in the future')
    .option('--one-file-system', 'leave out folders that lie on another file system')
    .option('--name <name>', 'name of the snapshot; default: default')
    .option('--category <category>', 'its category')
    .option('--environment <environment>', 'its environment')
    .option('--perimeter <perimeter>', 'its perimeter')
    .option('--job <job>', 'the job that it belongs to')
    .option('--dry-run', 'count what would be saved and read; store nothing')
    .option('--concurrency <threads>', 'threads that read and store; default: one for each processor')
    .option('--no-cache', 'read every file, also those that look unchanged')
    .option('--wait', 'wait while maintenance holds the store instead of giving up')
    .addOption(json())
    .addHelpText(
      'after',
      `${examples(
        'wardrobe at /backups/team backup /srv/data',
        "wardrobe at /backups/team backup --tag nightly --ignore '*.tmp' --ignore '/srv/data/cache/' /srv/data",
        'wardrobe at /backups/team backup --dry-run --json /etc /home',
        'wardrobe at /backups/team backup --one-file-system --check /',
      )}\n\nRules are anchored at the root of the file system; one without a slash matches at any depth. What lies below a folder that was left out cannot be taken back.\n\nFiles that cannot be read, or that vanish meanwhile, are recorded in the snapshot; everything else is saved, and the command ends with 65: the snapshot is there and incomplete. Ctrl-C keeps what was stored for the next run and makes no snapshot.`,
    )
    .action((paths: string[], options: BackupCommandOptions) =>
      run(async (session) => (await import('../commands/backup.js')).backup(session, paths, options)),
    );
}

function addDup(program: Command, run: Runner): void {
  program
    .command('dup')
    .description('makes a second snapshot of what one holds, with an id and the time of its own; nothing but its header is written')
    .argument('<SNAP...>', 'snapshots by unique prefix')
    .option('--dry-run', 'show which; store nothing')
    .option('--wait', 'wait while maintenance holds the store instead of giving up')
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team dup 88144fd5', 'wardrobe at /backups/team dup --dry-run 88144fd5 cead9474')}\n\nThe copy stays when the original is removed. A signature is not taken along: it holds for one id only.`,
    )
    .action((ids: string[], options: DupCommandOptions) => run(async (session) => (await import('../commands/dup.js')).dup(session, ids, options)));
}

function addSync(program: Command, run: Runner): void {
  addSelection(
    program
      .command('sync')
      .usage('[options] [SNAP...] to|from|with STORE')
      .description('copies snapshots that another store lacks, under their ids, and compares each copy with its original; with: both ways')
      .argument('<WORDS...>', 'snapshots by unique prefix (default: all), then to, from or with, then the other store')
      .option('--to-keyfile <file>', 'file with the passphrase of the other store; else its configuration, WARDROBE_SYNC_PASSPHRASE, or a prompt')
      .option('--to-option <key=value>', 'an option of the other store; also WARDROBE_SYNC_OPTION_<KEY>', collect, [])
      .option('--compare-all', 'also compare, byte by byte, contents that were copied earlier')
      .option('--dry-run', 'show which snapshots would be copied; change nothing')
      .option('--wait', 'wait while maintenance holds a store instead of giving up')
      .addOption(json()),
    { periods: true },
  )
    .addHelpText(
      'after',
      `${examples(
        'wardrobe at /backups/team sync to /mnt/usb/team',
        'wardrobe at /backups/team sync --dry-run --tag nightly with /mnt/usb/team',
        'wardrobe at /backups/team sync --to-keyfile usb.key 88144fd5 from /mnt/usb/team',
        'wardrobe at /backups/team sync --since 7d --json to /mnt/usb/team',
      )}\n\nThe stores may differ in key, chunking, hashing and line. Contents that the other store has are not stored again. Snapshots that were removed from a store are not brought back to it. A signature is not taken along: it holds for the original's encoding only.\n\nEnds with 65 when a snapshot could not be copied whole; the others are. Ctrl-C keeps what was stored for the next run.`,
    )
    .action((words: string[], options: SyncCommandOptions) => run(async (session) => (await import('../commands/sync.js')).sync(session, words, options)));
}

function addPtar(program: Command, run: Runner): void {
  addSelection(
    program
      .command('ptar')
      .description('writes snapshots into one file that wardrobe and both lines of plakar open like a store, compared with their originals and read back')
      .argument('[SNAP...]', 'snapshots by unique prefix; default: all that meet the conditions')
      .requiredOption('-o, --output <file.ptar>', 'the file to make')
      .option('--plaintext', 'without encryption: whoever has the file can read it')
      .option('--to-keyfile <file>', 'file with the passphrase of the archive; else WARDROBE_SYNC_PASSPHRASE, else it is asked for')
      .option('--weak-passphrase', 'take a passphrase that is easy to guess')
      .option('--no-compression', 'store contents as they are')
      .option('--hashing <name>', 'BLAKE3 or SHA256', 'BLAKE3')
      .option('--overwrite', 'replace a file of that name once the new one is whole')
      .addOption(json()),
    { periods: false },
  )
    .addHelpText(
      'after',
      `${examples(
        'wardrobe at /backups/team ptar -o team.ptar 88144fd5',
        'wardrobe at /backups/team ptar -o nightly.ptar --to-keyfile archive.key --tag nightly --since 30d',
        'wardrobe at /backups/team ptar -o open.ptar --plaintext --no-compression 88144fd5',
        'wardrobe at ptar:team.ptar ls',
      )}\n\nAn archive has a key of its own, and is never changed. Snapshots keep their ids; a signature is not taken along. The file gets its name when it is proven: Ctrl-C leaves nothing.`,
    )
    .action((ids: string[], options: PtarCommandOptions) => run(async (session) => (await import('../commands/ptar.js')).ptar(session, ids, options)));
}

function addDowngrade(program: Command, run: Runner): void {
  program
    .command('downgrade')
    .description(
      'gives a store that only plakar 1.1 can use back to plakar 1.0, by rewriting its states; shows only whether it can be done, unless --apply is given',
    )
    .option('--apply', 'do it; without it the plan is shown and nothing is changed')
    .option('--wait', 'wait until others have finished, instead of giving up')
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team downgrade', 'wardrobe at /backups/team downgrade --apply', 'wardrobe at /backups/team downgrade --apply --wait --json')}\n\nIt cannot be done when a state deletes something, as maintenance of plakar 1.1 makes them; the states are named. The next thing that plakar 1.1 writes locks plakar 1.0 out again.`,
    )
    .action((options: DowngradeCommandOptions) => run(async (session) => (await import('../commands/downgrade.js')).downgrade(session, options)));
}
