/**
 * `npm test`: builds what the tests need, runs every suite, prints minutes per suite and ends with `N passed, N failed`.
 * Fails on a failure, on a suite that ran no test, on a skipped test, and on test files that no suite covers.
 *
 *   npm test                     all suites
 *   npm test -- kloset browser   some suites
 *   npm run test:long            the longer versions (more seeds, longer fuzzing) besides
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SUITES, WITHOUT_TESTS } from './suites.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const long = process.argv.includes('--long');
const scratch = mkdtempSync(join(tmpdir(), 'wardrobe-test-'));
const env = {
  ...process.env,
  NX_DAEMON: 'false',
  npm_config_loglevel: 'error',
  NEXT_TELEMETRY_DISABLED: '1',
  WARDROBE_TEST_RUN: String(process.pid),
  ...(long ? { WARDROBE_TEST_LONG: '1' } : {}),
};

function run(command, args, { cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ? 1 : (code ?? 1)));
  });
}

/** A JSON report; null: none was written. */
function reportIn(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

/** Counts of a report: vitest's and Playwright's shapes. */
function countsOf(report) {
  if (report === null) return null;
  if (report.stats) return { passed: report.stats.expected, failed: report.stats.unexpected + report.stats.flaky, skipped: report.stats.skipped };
  const broken = (report.testResults ?? []).filter((suite) => suite.status === 'failed' && suite.assertionResults.length === 0).length;
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken, skipped: report.numPendingTests + report.numTodoTests };
}

/** What failed, with the first lines of why, from a report of either shape. */
function failuresOf(report) {
  if (report === null) return [];
  if (report.stats) return (report.suites ?? []).flatMap((suite) => failedSpecs(suite, ''));
  return (report.testResults ?? []).flatMap((suite) => {
    const where = relative(root, suite.name);
    if (suite.status === 'failed' && suite.assertionResults.length === 0) return [{ name: where, why: firstLines(suite.message) }];
    return suite.assertionResults
      .filter(({ status }) => status === 'failed')
      .map((test) => ({ name: `${where} > ${[...test.ancestorTitles, test.title].join(' > ')}`, why: firstLines(test.failureMessages.join('\n')) }));
  });
}

function failedSpecs(suite, above) {
  const name = above === '' ? suite.title : `${above} > ${suite.title}`;
  const own = (suite.specs ?? [])
    .filter(({ ok }) => !ok)
    .map((spec) => ({
      name: `${name} > ${spec.title}`,
      why: firstLines(spec.tests.flatMap(({ results }) => results.map(({ error }) => error?.message ?? '')).join('\n')),
    }));
  return [...own, ...(suite.suites ?? []).flatMap((inner) => failedSpecs(inner, name))];
}

function firstLines(text = '') {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 12)
    .map((line) => `    ${line.slice(0, 300)}`)
    .join('\n');
}

/**
 * Removes the folders of this run that a hard-ended test process has left in the temporary folder. By `rm` where there is one: tests leave paths longer
 * than a system call takes, which Node cannot remove. What stays is said and fails nothing: it is no answer about the product.
 */
function removeLeftovers() {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(`wardrobe-run${process.pid}-`)) continue;
    const folder = join(tmpdir(), name);
    if (process.platform !== 'win32' && spawnSync('rm', ['-rf', '--', folder]).status === 0) continue;
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      console.error(`could not remove ${folder}: ${error.message}`);
    }
  }
}

async function runSuite(suite) {
  const started = performance.now();
  const file = join(scratch, `${suite.name.replaceAll(' ', '-')}.json`);
  let code;
  if (suite.kind === 'command') {
    code = await run(suite.command[0], suite.command.slice(1));
  } else if (suite.kind === 'vitest') {
    code = await run(join(root, 'node_modules/.bin/vitest'), [
      'run',
      '--root',
      join(root, suite.folder),
      '--reporter=default',
      '--reporter=json',
      `--outputFile=${file}`,
    ]);
  } else {
    env.PLAYWRIGHT_JSON_OUTPUT_NAME = file;
    code = await run(join(root, 'node_modules/.bin/playwright'), ['test', '--reporter=list,json'], { cwd: join(root, suite.folder) });
  }
  removeLeftovers();
  const report = reportIn(file);
  const counts = suite.kind === 'command' ? { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 } : countsOf(report);
  return { name: suite.name, code, counts, failures: failuresOf(report), minutes: (performance.now() - started) / 60_000 };
}

function verdictOf({ code, counts }) {
  if (counts === null || counts.passed + counts.failed === 0) return 'ran no test';
  if (counts.skipped > 0) return `${counts.skipped} skipped`;
  if (code !== 0 || counts.failed > 0) return 'failed';
  return null;
}

/** Test files that stand in no suite's folder. */
function uncovered() {
  const folders = SUITES.filter((suite) => suite.folder).map((suite) => suite.folder);
  const lost = [];
  for (const top of ['apps', 'libs', 'tools']) {
    for (const entry of readdirSync(join(root, top), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(test|spec)\.tsx?$/.test(entry.name)) continue;
      const path = relative(root, join(entry.parentPath, entry.name));
      if (/node_modules|\.next|dist\//.test(path)) continue;
      if (!folders.some((folder) => path.startsWith(`${folder}/`))) lost.push(path);
    }
  }
  return lost;
}

async function main() {
  const chosen = SUITES.filter((suite) => (wanted.length === 0 || wanted.includes(suite.name)) && !(suite.folder && suite.folder in WITHOUT_TESTS));
  const built = performance.now();
  const buildCode = await run(process.execPath, [
    join(root, 'tools/run/build.mjs'),
    ...(wanted.length > 0 && !wanted.includes('browser') && !wanted.includes('server') && !wanted.includes('api') ? ['--generated-only'] : []),
  ]);
  const rows = [
    {
      name: 'build',
      code: buildCode,
      counts: { passed: buildCode === 0 ? 1 : 0, failed: buildCode === 0 ? 0 : 1, skipped: 0 },
      minutes: (performance.now() - built) / 60_000,
    },
  ];
  if (buildCode === 0) for (const suite of chosen) rows.push(await runSuite(suite));
  const lost = uncovered();
  let passed = 0;
  let failed = lost.length;
  for (const { name, failures = [] } of rows) for (const failure of failures) console.log(`\n${name} failed: ${failure.name}\n${failure.why}`);
  console.log('\nsuite              min   passed  failed');
  for (const row of rows) {
    const verdict = verdictOf(row);
    passed += row.counts?.passed ?? 0;
    failed += Math.max(row.counts?.failed ?? 0, verdict ? 1 : 0);
    console.log(
      `${row.name.padEnd(16)} ${row.minutes.toFixed(1).padStart(5)} ${String(row.counts?.passed ?? 0).padStart(8)} ${String(row.counts?.failed ?? 0).padStart(7)}${verdict ? `  ${verdict}` : ''}`,
    );
  }
  for (const file of lost) console.log(`no suite runs ${file}`);
  console.log(`${rows.reduce((sum, row) => sum + row.minutes, 0).toFixed(1)} minutes in all`);
  console.log(`${passed} passed, ${failed} failed`);
  rmSync(scratch, { recursive: true, force: true });
  process.exit(failed === 0 ? 0 : 1);
}

await main();
