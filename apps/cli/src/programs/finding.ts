import type { Command } from 'commander';
import type { Runner } from './shared.js';

/** Commands that find and digest: locate, digest, archive. */
export function addFinding(_program: Command, _run: Runner): void {
  // Commands are added here.
}
