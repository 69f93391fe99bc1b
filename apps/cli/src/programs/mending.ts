import type { Command } from 'commander';
import type { Runner } from './shared.js';

/** Commands that mend: repair, locks ls and clear. */
export function addMending(_program: Command, _run: Runner): void {
  // Commands are added here.
}
