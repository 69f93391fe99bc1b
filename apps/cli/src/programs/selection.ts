import { type Command, Option } from 'commander';
import { collect } from './shared.js';

const SPANS = ['minute', 'hour', 'day', 'week', 'month', 'year', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** Options that choose snapshots: conditions, and where `periods` is set retention periods. Read by `parseSelection`. */
export function addSelection(command: Command, { periods }: { readonly periods: boolean }): Command {
  const one = (flags: string, about: string): Option => new Option(flags, about);
  const several = (flags: string, about: string): Option => new Option(flags, about).argParser(collect);
  const filters = [
    one('--before <time>', 'not later than this: 2026-11-23, 2026-11-23T09:41:00Z, or a duration before now such as 2d or "3 weeks"'),
    one('--since <time>', 'not earlier than this'),
    one('--name <name>', 'with this name'),
    one('--category <category>', 'of this category'),
    one('--environment <environment>', 'of this environment'),
    one('--perimeter <perimeter>', 'of this perimeter'),
    one('--job <job>', 'of this job'),
    one('--dataset <dataset>', 'of this dataset'),
    several('--data-class <class>', 'with one of these data classes; repeatable'),
    several('--tag <tags>', 'with all of these tags (a,b), and without those written !c; repeatable'),
    several('--root <path>', 'backup root; repeatable, %XX stands for any byte'),
    several('--origin <origin>', 'host or place that was backed up; repeatable, any of them'),
    several('--type <type>', 'kind of the source, such as fs; repeatable, any of them'),
    one('--latest', 'of these only the newest'),
  ];
  command.optionsGroup('Which snapshots:');
  for (const option of filters) command.addOption(option);
  if (periods) {
    command.addOption(
      one('--group-by <key>', 'apply the periods to each group: name, category, environment, perimeter, job, dataset, data-class, tag, origin, type, root'),
    );
    command.optionsGroup('Which snapshots, by periods (UTC; of each --SPANs N the last N, of each --per-SPAN N at most N):');
    for (const span of SPANS) {
      command.addOption(one(`--${span}s <n>`, `those of the last n ${span}s`));
      command.addOption(one(`--per-${span} <n>`, `at most n in each ${span}, the newest`));
    }
  }
  command.optionsGroup('Options:');
  return command;
}
