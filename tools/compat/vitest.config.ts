import { defineConfig } from 'vitest/config';

// One process after the other: each test keeps both of plakar's programs busy besides.
export default defineConfig({
  test: { include: ['src/**/*.test.ts'], pool: 'forks', fileParallelism: false, testTimeout: 300_000, hookTimeout: 900_000 },
});
