import type * as Kernel from '@wardrobe/kernel';

/**
 * The kernel with a memory for Argon2id: the same inputs give the same key, computed once (about a second each). Everything else runs as it is.
 * For `vi.mock('@wardrobe/kernel', …)` where an encrypted store is opened hundreds of times.
 */
export function memoisedKernel(kernel: typeof Kernel): typeof Kernel {
  const known = new Map<string, Uint8Array>();
  return {
    ...kernel,
    argon2id(input) {
      const { password, salt, ...numbers } = input;
      const key = `${Buffer.from(password).toString('hex')} ${Buffer.from(salt).toString('hex')} ${JSON.stringify(numbers)}`;
      const found = known.get(key) ?? kernel.argon2id(input);
      known.set(key, found);
      return found.slice();
    },
  };
}
