/** The test suites of the workspace, in the order in which they run. A folder with test files that no suite names fails the run. */
export const SUITES = [
  { name: 'lint', kind: 'command', command: ['node', 'tools/lint/run.mjs'] },
  { name: 'types', kind: 'command', command: ['node_modules/.bin/nx', 'run-many', '-t', 'typecheck', '--parallel=2', '--output-style=static'] },
  ...[
    'words',
    'kloset-model',
    'contracts',
    'kernel',
    'store-connector',
    'kloset',
    'connections',
    'tracking',
    'machine-cache',
    'db',
    'api',
    'ui',
    'testing',
  ].map((lib) => ({
    name: lib,
    kind: 'vitest',
    folder: `libs/${lib}`,
  })),
  ...['fs', 'memory', 's3', 'sftp', 'http', 'ptar'].map((connector) => ({ name: connector, kind: 'vitest', folder: `libs/connectors/${connector}` })),
  { name: 'web', kind: 'vitest', folder: 'apps/web' },
  { name: 'server', kind: 'vitest', folder: 'apps/server' },
  { name: 'cli', kind: 'vitest', folder: 'apps/cli' },
  { name: 'lint rules', kind: 'vitest', folder: 'tools/lint' },
  { name: 'format docs', kind: 'vitest', folder: 'tools/format-docs' },
  { name: 'bench', kind: 'vitest', folder: 'tools/bench' },
  { name: 'compat', kind: 'vitest', folder: 'tools/compat' },
  { name: 'endurance', kind: 'vitest', folder: 'tools/endurance' },
  { name: 'example connector', kind: 'vitest', folder: 'tools/example-connector' },
  { name: 'browser', kind: 'playwright', folder: 'apps/web-e2e' },
];

/** Folders that may be without tests of their own, with the reason. */
export const WITHOUT_TESTS = {
  'libs/contracts': 'schemas only; used by the tests of api and machine-cache',
};
