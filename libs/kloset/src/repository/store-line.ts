import { UnsupportedVersionError } from '../errors/errors.js';
import type { StateView } from './types.js';
import type { StoreLine } from './writer-types.js';

/**
 * Which lines can use a store: one state of version 1.1.0 locks every 1.0.x client out, so only then may more of them be written.
 * A state too new for this program counts as such a state. @source 01-store 9.1, 9.2
 */
export function storeLine(view: StateView): StoreLine {
  const isLater = view.states.some((state) => state.version === '1.1.0') || view.unreadable.some((state) => state.error instanceof UnsupportedVersionError);
  return isLater ? '1.1' : '1.0';
}
