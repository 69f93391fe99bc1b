/**
 * Builds what is missing or stale: the database client, the bundles of server and command line, the pages. Nx holds the inputs against its cache, so a second run takes about two seconds.
 *
 *   node tools/run/build.mjs                    everything
 *   node tools/run/build.mjs --generated-only   only what type checks and unit tests need (the database client)
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Resolves with the exit code; output goes to this process's own, or is kept and returned when `quiet`. */
export function build({ generatedOnly = false, quiet = false, only = [] } = {}) {
  const chosen = generatedOnly ? ['@wardrobe/db'] : only;
  const projects = chosen.length > 0 ? [`--projects=${chosen.join(',')}`] : [];
  const env = { ...process.env, NX_DAEMON: 'false', NEXT_TELEMETRY_DISABLED: '1', npm_config_loglevel: 'error', NODE_ENV: 'production' };
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(root, 'node_modules/nx/dist/bin/nx.js'), 'run-many', '-t', 'build', '--parallel=2', '--output-style=static', ...projects],
      { cwd: root, env, stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'] },
    );
    const kept = [];
    child.stdout?.on('data', (chunk) => kept.push(chunk));
    child.stderr?.on('data', (chunk) => kept.push(chunk));
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code: signal ? 1 : (code ?? 1), output: Buffer.concat(kept).toString('utf8') }));
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { code } = await build({ generatedOnly: process.argv.includes('--generated-only') });
  process.exit(code);
}
