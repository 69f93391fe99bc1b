import type { Cell } from './cells.js';
import type { Cause, NextStepKind } from './causes.js';

/** The next step that belongs to each cell (design, table of cells). */
export const NEXT_STEP_OF_CELL = {
  none: 'none',
  seen: 'none',
  behind: 'wait',
  'stale-delete': 'wait',
  unknown: 'start-machine',
  mismatch: 'rebuild-cache',
  'lost-delete': 'decide-deletion',
  unreadable: 'rebuild-state',
  phantom: 'publish-state',
  lost: 'backup-again',
} as const satisfies Record<Cell, NextStepKind>;

/** One sentence for each next step, in the imperative. */
export const NEXT_STEP_SENTENCE = {
  none: 'Nothing to do.',
  wait: 'It catches up at its next use of the store.',
  'start-machine': 'Start the machine, or check its agent.',
  'rebuild-cache': 'Its local cache is wrong: rebuild it on that machine.',
  'decide-deletion': 'Delete the snapshot again, or keep it.',
  'rebuild-state': 'Rebuild the state file from its packfiles.',
  'publish-state': 'Publish the lost state, from the machine or from the packfiles alone.',
  'backup-again': 'Back up again while the files still exist.',
} as const satisfies Record<NextStepKind, string>;

/** The next step of one cell: a machine that has reported only lately learns by itself of what was published since. */
export function nextStepOf(cell: Cell, cause: Cause): NextStepKind {
  return cause.kind === 'published-after-report' ? 'wait' : NEXT_STEP_OF_CELL[cell];
}
