import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longest time that timers, signals and uploads wait for work that never waits itself. */
const TURN_MS = 50;

/** Lets everything else run now and then; cheap to call often. */
export function fairTurns(): () => Promise<void> {
  let lastMs = performance.now();
  return async () => {
    if (performance.now() - lastMs < TURN_MS) return;
    await nextTurn();
    lastMs = performance.now();
  };
}
