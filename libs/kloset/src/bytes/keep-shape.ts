const KEPT: object[] = [];

/**
 * Keeps one object of a kind of which many live and die in a hot loop. Code that V8 compiled for objects of a shape is thrown away when a full collection finds the
 * last of them gone, and compiled once more for the next: where the collector is asked to come (`garbageWatch`), that took a fourth of a check's processor time.
 */
export function keepShape(object: object): void {
  KEPT.push(object);
}
