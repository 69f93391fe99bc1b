import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    // Argon2id with a store's own parameters and the plain-JavaScript oracles take seconds on a busy machine.
    testTimeout: 120_000,
  },
});
