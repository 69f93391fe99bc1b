/** `to`, a larger array of the same kind, with what `from` holds. */
export function grown<T extends { set(from: ArrayLike<number>): void }>(from: T & ArrayLike<number>, to: T): T {
  to.set(from);
  return to;
}
