import { Command, CommanderError, Help, type Option } from 'commander';
import { adminCommand } from './admin/program.js';
import type { ExitCode } from './exit-codes.js';
import { addAgent } from './programs/agent.js';
import { addComparing } from './programs/comparing.js';
import { addFinding } from './programs/finding.js';
import { addMending } from './programs/mending.js';
import { addMounting } from './programs/mounting.js';
import { addPackages } from './programs/packages.js';
import { addReading } from './programs/reading.js';
import { addRemoving } from './programs/removing.js';
import { collect, examples, type Runner } from './programs/shared.js';
import { addServing } from './programs/serving.js';
import { addStores } from './programs/stores.js';
import { addWriting } from './programs/writing.js';
import { VERSION } from './version.js';

const EXIT_HELP = '\nExit codes: 0 fine; 1 usage or environment; 65 damaged or incomplete data; 77 wrong passphrase or no permission.';

export function buildProgram(run: Runner): Command {
  const program = new Command('wardrobe')
    .description('Backs up to Kloset stores (plakar 1.0 and 1.1), reads and mends them, and shows which machine has seen which snapshot.')
    .usage('[options] [at STORE] COMMAND')
    .version(VERSION)
    .option('--keyfile <file>', 'read the passphrase from a file; else the configuration of the store, WARDROBE_PASSPHRASE, PLAKAR_PASSPHRASE, or a prompt')
    .option('-o, --option <key=value>', 'an option of the store; secrets better as WARDROBE_OPTION_<KEY> or in its configuration', collect, [])
    .option('--no-index', 'keep the state index in memory instead of the cache folder')
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team ls', 'wardrobe at /backups/team ls --recursive 88144fd5:docs', 'wardrobe at /backups/team restore --to ./out 88144fd5', 'wardrobe agent once --server https://backup.example:7300 --token-file /etc/wardrobe.token')}\n\nThe store is a path, another location (s3://…, sftp://…, https://…, ptar:FILE) or @NAME, a name from: wardrobe store ls. Without 'at': WARDROBE_STORE, PLAKAR_REPOSITORY, the default of that list, else ~/.plakar.${EXIT_HELP}`,
    )
    .exitOverride()
    .enablePositionalOptions();
  addReading(program, run);
  addFinding(program, run);
  addComparing(program, run);
  addWriting(program, run);
  addRemoving(program, run);
  addMending(program, run);
  addMounting(program, run);
  addServing(program, run);
  addStores(program, run);
  addPackages(program, run);
  addAgent(program, run);
  program.addCommand(adminCommand(run));
  for (const command of allCommands(program)) command.exitOverride().configureHelp({ optionDescription });
  return program;
}

/** What an option is for; that a list is empty at first tells nobody anything. */
function optionDescription(option: Option): string {
  return Array.isArray(option.defaultValue) ? option.description : new Help().optionDescription(option);
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** Whether commander already told the user: help and version end well, mistakes end with 1. */
export function commanderExit(error: unknown): ExitCode | null {
  if (!(error instanceof CommanderError)) return null;
  return error.exitCode === 0 ? 0 : 1;
}
