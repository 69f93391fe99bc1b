import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['src/**/*.test.ts'], pool: 'forks', testTimeout: 1_800_000 } });
