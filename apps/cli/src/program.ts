import { Command, CommanderError, Option } from 'commander';
import { adminCommand } from './admin/program.js';
import type { AgentOptions } from './commands/agent.js';
import type { DivergenceOptions } from './commands/divergence.js';
import type { ExitCode } from './exit-codes.js';
import type { Session } from './session.js';
import { VERSION } from './version.js';

/** Runs one command and keeps its exit code. Commands are loaded when they run, so that `ls` does not wait for the rest. */
export type Runner = (work: (session: Session) => Promise<ExitCode>) => Promise<void>;

const EXIT_HELP = '\nExit codes: 0 fine; 1 usage or environment; 65 damaged or incomplete data; 77 wrong passphrase or no permission.';
const json = (): Option => new Option('--json', 'one JSON object a line');
const deletedOption = (): Option => new Option('--deleted', 'also reach deleted snapshots');
const hiddenOption = (): Option => new Option('--hidden', 'also reach hidden snapshots (data in the store, state lost)');
const collect = (value: string, before: readonly string[]): string[] => [...before, value];

/** `Examples:` under a command's help. */
function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

export function buildProgram(run: Runner): Command {
  const program = new Command('wardrobe')
    .description('Reads Kloset stores (plakar 1.0 and 1.1) and shows which machine has seen which snapshot.')
    .usage('[options] [at STORE] COMMAND')
    .version(VERSION)
    .option('--keyfile <file>', 'read the passphrase from a file; else WARDROBE_PASSPHRASE, PLAKAR_PASSPHRASE, or a prompt')
    .option('--no-index', 'keep the state index in memory instead of the cache folder')
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team ls', 'wardrobe at /backups/team ls --recursive 88144fd5:docs', 'wardrobe at /backups/team restore --to ./out 88144fd5', 'wardrobe agent once --server https://backup.example:7300 --token-file /etc/wardrobe.token')}\n\nThe store is a path (or fs:///path); without 'at': PLAKAR_REPOSITORY, else ~/.plakar.${EXIT_HELP}`,
    )
    .exitOverride()
    .enablePositionalOptions();
  addReading(program, run);
  addComparing(program, run);
  addAgent(program, run);
  program.addCommand(adminCommand(run));
  for (const command of allCommands(program)) command.exitOverride();
  return program;
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function addReading(program: Command, run: Runner): void {
  program
    .command('info')
    .description('what the store is, who can use it and what it holds')
    .addOption(json())
    .addHelpText('after', examples('wardrobe at /backups/team info', 'wardrobe at /backups/team info --json'))
    .action((options) => run(async (session) => (await import('./commands/info.js')).info(session, options)));
  program
    .command('ls')
    .description('snapshots of the store, newest first, or the entries of one')
    .argument('[SNAP[:PATH]]', 'snapshot by unique prefix, and a path in it (%XX stands for any byte)')
    .option('-r, --recursive', 'everything below')
    .option('--tag <tag>', 'only snapshots with this tag')
    .addOption(deletedOption())
    .addOption(hiddenOption())
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team ls', 'wardrobe at /backups/team ls 88144fd5:docs', 'wardrobe at /backups/team ls --recursive 88144fd5 --json', 'wardrobe at /backups/team ls --deleted --hidden')}\n\nEnds with 65 when a state that could add or remove a snapshot cannot be read; the list is printed all the same.`,
    )
    .action((argument, options) => run(async (session) => (await import('./commands/ls.js')).ls(session, argument, options)));
  program
    .command('cat')
    .description('the content of files, verified to the end')
    .argument('<SNAP:PATH...>')
    .addOption(deletedOption())
    .addOption(hiddenOption())
    .addHelpText('after', examples('wardrobe at /backups/team cat 88144fd5:README.md', 'wardrobe at /backups/team cat 88144fd5:photos/a%FFb.jpg > a.jpg'))
    .action((paths, options) => run(async (session) => (await import('./commands/cat.js')).cat(session, paths, options)));
  program
    .command('restore')
    .description('writes the content of a snapshot, or of a path in it, into a folder')
    .argument('<SNAP[:PATH]>')
    .requiredOption('--to <dir>', 'folder to restore into; made when missing')
    .option('--overwrite', 'replace files that exist')
    .option('--no-owners', 'do not set owners (they are set only when root)')
    .addOption(deletedOption())
    .addOption(hiddenOption())
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('wardrobe at /backups/team restore --to ./out 88144fd5', 'wardrobe at /backups/team restore --to ./docs 88144fd5:docs')}\n\nThe content of PATH (by default of the backup's root) lies directly in the folder. Nothing is written outside of it.`,
    )
    .action((argument, options) => run(async (session) => (await import('./commands/restore.js')).restore(session, argument, options)));
  program
    .command('check')
    .description('verifies snapshots, or one path, and names everything that damage hits')
    .argument('[SNAP[:PATH]]')
    .option('--fast', 'only look whether everything is there; read no content')
    .addOption(deletedOption())
    .addOption(hiddenOption())
    .addOption(json())
    .addHelpText(
      'after',
      examples('wardrobe at /backups/team check', 'wardrobe at /backups/team check --fast', 'wardrobe at /backups/team check 88144fd5:docs --json'),
    )
    .action((argument, options) => run(async (session) => (await import('./commands/check.js')).check(session, argument, options)));
  for (const [name, about] of [
    ['states', 'every state file of the store'],
    ['locks', 'who holds the store, since when, stale or not'],
    ['hidden', 'snapshots whose data is in the store and whose state never arrived'],
  ] as const) {
    program
      .command(name)
      .description(about)
      .addOption(json())
      .addHelpText('after', examples(`wardrobe at /backups/team ${name}`, `wardrobe at /backups/team ${name} --json`))
      .action((options) => run(async (session) => (await import('./commands/facts.js'))[name](session, options)));
  }
}

function addComparing(program: Command, run: Runner): void {
  program
    .command('diff')
    .description('what differs between two snapshots, or two paths in them; equal content is never read')
    .argument('<A[:PATH]>')
    .argument('<B[:PATH]>')
    .addOption(deletedOption())
    .addOption(hiddenOption())
    .addOption(json())
    .addHelpText('after', examples('wardrobe at /backups/team diff cead9474 88144fd5', 'wardrobe at /backups/team diff cead9474:docs 88144fd5:docs --json'))
    .action((a, b, options) => run(async (session) => (await import('./commands/diff.js')).diff(session, { a, b }, options)));
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
    .action((options: DivergenceOptions) => run(async (session) => (await import('./commands/divergence.js')).divergence(session, options)));
}

function addAgent(program: Command, run: Runner): void {
  const agent = program
    .command('agent')
    .description("tells the console what this machine's local caches hold; reads only, and never sends a key, a passphrase or a file name");
  const common = (command: Command): Command =>
    command
      .option('--cache <dir>', "a cache base such as ~/.cache, or plakar's folder in it; default: the current user's", collect, [])
      .option('--name <machine>', 'name to show; default: the host name')
      .addOption(new Option('--interval <duration>').default('5m').hideHelp());
  const own = (): Option => new Option('--own-index', 'also report what wardrobe itself saw on this machine at its last use of each store');
  const server = (command: Command): Command =>
    command.addOption(own()).option('--server <url>', 'address of the console').option('--token-file <file>', 'file that holds the agent token');
  server(common(agent.command('once')))
    .description('one report now')
    .option('--output <file>', 'write the report to a file, for machines without a network')
    .addHelpText(
      'after',
      examples('wardrobe agent once --server https://backup.example:7300 --token-file /etc/wardrobe.token', 'wardrobe agent once --output report.json'),
    )
    .action((options: AgentOptions) => run(async (session) => (await import('./commands/agent.js')).agentOnce(session, options)));
  const repeated = server(
    agent
      .command('run')
      .description('a report every few minutes, until stopped')
      .option('--cache <dir>', "a cache base; default: the current user's", collect, [])
      .option('--name <machine>', 'name to show; default: the host name')
      .option('--interval <duration>', 'time between reports', '5m'),
  );
  repeated
    .addHelpText('after', examples('wardrobe agent run --server https://backup.example:7300 --token-file /etc/wardrobe.token --interval 5m'))
    .action((options: AgentOptions) => run(async (session) => (await import('./commands/agent.js')).agentRun(session, options)));
  common(agent.command('inspect'))
    .description('what the caches hold')
    .addOption(json())
    .addHelpText('after', examples('wardrobe agent inspect', 'wardrobe agent inspect --cache /home/ines/.cache --json'))
    .action((options: AgentOptions) => run(async (session) => (await import('./commands/agent.js')).agentInspect(session, options)));
}

/** Whether commander already told the user: help and version end well, mistakes end with 1. */
export function commanderExit(error: unknown): ExitCode | null {
  if (!(error instanceof CommanderError)) return null;
  return error.exitCode === 0 ? 0 : 1;
}
