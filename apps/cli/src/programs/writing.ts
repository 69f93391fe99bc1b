import type { Command } from 'commander';
import type { Runner } from './shared.js';

/** Commands that make stores and snapshots: create, backup, dup, sync, downgrade. */
export function addWriting(_program: Command, _run: Runner): void {
  // Commands are added here.
}
