import type { Command } from 'commander';
import type { Runner } from './shared.js';

/** Commands that remove: rm, prune, maintenance. */
export function addRemoving(_program: Command, _run: Runner): void {
  // Commands are added here.
}
