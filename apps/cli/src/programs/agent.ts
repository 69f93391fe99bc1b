import { type Command, Option } from 'commander';
import type { AgentOptions } from '../commands/agent.js';
import { collect, examples, json, type Runner } from './shared.js';

/** The commands of a machine's agent. */
export function addAgent(program: Command, run: Runner): void {
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
    .action((options: AgentOptions) => run(async (session) => (await import('../commands/agent.js')).agentOnce(session, options)));
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
    .action((options: AgentOptions) => run(async (session) => (await import('../commands/agent.js')).agentRun(session, options)));
  common(agent.command('inspect'))
    .description('what the caches hold')
    .addOption(json())
    .addHelpText('after', examples('wardrobe agent inspect', 'wardrobe agent inspect --cache /home/ines/.cache --json'))
    .action((options: AgentOptions) => run(async (session) => (await import('../commands/agent.js')).agentInspect(session, options)));
}
