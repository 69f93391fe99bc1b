import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { klosetLayers } from './tools/lint/kloset-layers.mjs';

/** What tests and tools may use: every library. */
const LIBRARIES = [
  'store-connector',
  'connector',
  'connections',
  'kloset',
  'kloset-model',
  'kernel',
  'machine-cache',
  'tracking',
  'words',
  'contracts',
  'db',
  'api',
  'ui',
];

/** Who may import whom (design, "Layout"). A project without one of these tags may import nothing. */
const MAY_IMPORT = {
  words: [],
  'kloset-model': [],
  kernel: [],
  'store-connector': ['kloset-model'],
  connector: ['store-connector', 'kloset-model'],
  kloset: ['kernel', 'kloset-model', 'store-connector'],
  tracking: ['words'],
  contracts: ['words', 'kloset-model'],
  connections: ['store-connector', 'connector', 'kloset', 'kloset-model', 'words'],
  'machine-cache': ['kloset', 'kloset-model'],
  db: [],
  api: ['connections', 'store-connector', 'kloset', 'kloset-model', 'machine-cache', 'tracking', 'contracts', 'db', 'words'],
  ui: ['contracts', 'words', 'kloset-model'],
  web: ['ui', 'contracts', 'words', 'kloset-model', 'api'],
  server: ['api', 'db', 'web', 'contracts', 'machine-cache'],
  cli: ['connections', 'store-connector', 'kloset', 'kloset-model', 'machine-cache', 'tracking', 'contracts', 'words'],
  testing: LIBRARIES,
  'web-e2e': [...LIBRARIES, 'testing', 'server', 'web', 'cli'],
  tools: [...LIBRARIES, 'testing', 'server', 'web', 'cli', 'tools'],
};

const scope = (name) => `scope:${name}`;
const withTesting = (names) => names.map(scope);
const depConstraints = Object.entries(MAY_IMPORT).map(([name, allowed]) => ({
  sourceTag: scope(name),
  onlyDependOnLibsWithTags: [scope(name), ...withTesting(allowed)],
}));
/** Tests may use libs/testing besides, the contracts they are held against, and, to mock time or randomness, the kernel; those of connectors the engine. */
const depConstraintsOfTests = depConstraints.map((rule) => ({
  ...rule,
  onlyDependOnLibsWithTags: [
    ...rule.onlyDependOnLibsWithTags,
    scope('testing'),
    scope('kernel'),
    scope('contracts'),
    // Stores in folders and in memory, and journeys over servers that the connectors' packages bring for tests.
    ...(['kloset', 'machine-cache', 'api', 'cli'].map(scope).includes(rule.sourceTag) ? [scope('connector')] : []),
    // A connector is held against the engine.
    ...(rule.sourceTag === scope('connector') ? [scope('kloset')] : []),
    ...(rule.sourceTag === scope('api') || rule.sourceTag === scope('server') ? [scope('cli')] : []),
  ],
}));

const boundaries = (constraints) => ({
  '@nx/enforce-module-boundaries': [
    'error',
    {
      enforceBuildableLibDependency: false,
      allowCircularSelfDependency: true,
      banTransitiveDependencies: false,
      checkDynamicDependenciesExceptions: [],
      allow: [],
      depConstraints: constraints,
    },
  ],
});

export default [
  { ignores: ['**/dist/**', '**/.next/**', '**/node_modules/**', '**/generated/**', '**/assembly/**', 'fixtures/**', '**/next-env.d.ts', 'docs/**'] },
  {
    files: ['**/*.{ts,tsx,mts,mjs}'],
    languageOptions: { parser: tseslint.parser, ecmaVersion: 2023, sourceType: 'module' },
    plugins: { '@nx': nx, wardrobe: { rules: { 'kloset-layers': klosetLayers } }, '@typescript-eslint': tseslint.plugin },
    rules: {
      ...boundaries(depConstraints),
      'wardrobe/kloset-layers': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': true, 'ts-ignore': true, 'ts-nocheck': true }],
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  {
    files: ['libs/kloset/src/**/*.ts', 'libs/connectors/*/src/**/*.ts', 'libs/machine-cache/src/**/*.ts', 'libs/tracking/src/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: { 'max-lines': ['error', { max: 400 }], 'max-lines-per-function': ['error', { max: 70 }], 'max-params': ['error', { max: 4 }] },
  },
  { files: ['libs/ui/src/**/*.tsx', 'apps/web/src/**/*.tsx'], ignores: ['**/*.test.tsx'], rules: { 'max-lines': ['error', { max: 250 }] } },
  {
    files: ['apps/web/src/**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { paths: [{ name: '@wardrobe/api', allowTypeImports: true, message: 'The web app may use types of the api only.' }] },
      ],
    },
  },
  { files: ['**/*.test.{ts,tsx}', '**/test/**', '**/testing/**', '**/*-contract.ts'], rules: boundaries(depConstraintsOfTests) },
];
