/**
 * Lint of the whole workspace: ESLint (boundaries, layers, limits) and Biome (format and rules).
 * The boundary rule is silently skipped without Nx's project graph, so the graph is made first, and a skipped rule fails the run.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
const env = { ...process.env, NX_DAEMON: 'false', npm_config_loglevel: 'error' };

function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  process.stdout.write(stdout ?? '');
  process.stderr.write(stderr ?? '');
  return { ok: status === 0, text: `${stdout}${stderr}` };
}

const bin = (name) => join(root, 'node_modules', '.bin', name);
const folder = mkdtempSync(join(tmpdir(), 'wardrobe-graph-'));
const graph = run(bin('nx'), ['graph', `--file=${join(folder, 'graph.json')}`]);
rmSync(folder, { recursive: true, force: true });
const eslint = run(bin('eslint'), ['.', '--max-warnings', '0']);
const skipped = eslint.text.includes('rule will be skipped');
if (skipped) console.error('lint: the boundary rule did not run');
const biome = run(bin('biome'), ['check', '--max-diagnostics=40', '.']);
process.exit(graph.ok && eslint.ok && biome.ok && !skipped ? 0 : 1);
